"""The daemon: lock, socket, signals and logs, and the place where all parts are put together.

The lock is held for life and is what makes it the only one; the socket is only
the door. Whoever finds the lock taken waits until the holder answers or is
gone, so that neither two first clients nor a restart can end without a daemon.
"""

import argparse
import contextlib
import fcntl
import functools
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from indexer import logs
from indexer.api import Api
from indexer.api.serving import listening, serving
from indexer.children import family, kill
from indexer.client import IndexerClient
from indexer.client.holding import read_holder, write_holder
from indexer.config import IndexerSettings, load_settings
from indexer.editions import Edition, Editions, current_places
from indexer.errors import ConfigError, DaemonError, KbError, UsageError
from indexer.extract import is_supported
from indexer.index.rebuild import start_over
from indexer.paths import Places
from indexer.pipeline import Pausing
from indexer.pipeline.pausing import runs_on_battery
from indexer.pipeline.rounds import Rounds
from indexer.release import RELEASE
from indexer.walk import WalkRules
from indexer.watch import Watcher

logger = logging.getLogger("indexer.daemon")

LOCK_WAIT_S = 20.0
"""How long a daemon that ends may hold the lock before the next one gives up on it."""

END_S = 8.0
"""How long the daemon may take to end in order, with the file finished that is being written."""

CHECK_S = 60.0
"""How often we look whether socket and catalog are still ours: neither tells us when it is deleted."""


CATALOG_TROUBLES = frozenset({"catalog_gone", "catalog_damaged"})
"""What `Index.trouble` tells of, and opening the index again mends."""


def main(arguments: Sequence[str]) -> int:
    """Run the daemon until it is told to stop; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m indexer", description="The indexer daemon of kb.")
    parser.add_argument("--home", type=Path, help="serve this home and not the one of KB_HOME")
    parser.add_argument("--config", type=Path, help="read this config file")
    parser.add_argument("--rebuild", action="store_true", help="forget what is indexed, and index it again")
    options = parser.parse_args(arguments)
    places = Places.discover()
    home = places.home if options.home is None else options.home
    config_file = places.config_file if options.config is None else options.config
    try:
        run(Places(config_file=config_file, home=home), is_rebuild=options.rebuild)
    except KbError as error:
        sys.stderr.write(f"kb: error: {error.message}\n")
        return 2 if isinstance(error, UsageError | ConfigError) else 3
    return 0


def run(places: Places, *, is_rebuild: bool = False) -> None:
    """Serve a home until SIGTERM, SIGINT or a client's request to stop.

    Args:
        places: The home.
        is_rebuild: Whether to forget first what is indexed, but not which folders are.

    Raises:
        ConfigError: If the home or the config cannot be used.
        DaemonError: If another daemon serves this home.
        StoreError: If the index cannot be opened.
    """
    # whatever is made from here on is nobody else's to read.
    os.umask(0o077)
    places.create()
    with _locked(places):
        logs.set_up(places.log_dir / "indexer.log")
        try:
            if is_rebuild:
                start_over(current_places(places))
                logger.info("index_cleared home=%r", str(places.home))
            # a queue that may be put to from a signal handler.
            stop_reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda got, _: stop_reasons.put(signal.Signals(got).name))
            while _serve(places, load_settings(places.config_file, IndexerSettings), stop_reasons):
                logger.info("index_opened_again")
        except KbError as error:
            logger.error("start_failed kind=%s reason=%r", type(error).__name__, error.message)
            raise


def _serve(places: Places, settings: IndexerSettings, stop_reasons: "queue.SimpleQueue[str]") -> bool:
    """Put the parts together, run them, and take them apart in order.

    Returns:
        Whether all of it is to be done again, because the catalog was deleted or damaged meanwhile.
    """
    rules = WalkRules(
        exclude=settings.index.exclude,
        max_file_bytes=settings.index.max_file_mb * 1_000_000,
        is_supported=is_supported,
    )
    watcher = Watcher(is_wanted=_wanted(places, rules), probe_folder=places.run_dir)
    trouble = threading.Event()
    pausing = Pausing(
        places.home / "paused.json",
        on_battery=runs_on_battery if settings.indexer.pause_on_battery else None,
    )
    opened = functools.partial(
        Edition.open, rules=rules, watcher=watcher, pausing=pausing, on_trouble=trouble.set
    )
    with contextlib.closing(Editions.open(places, settings, open_edition=opened)) as editions:
        rounds = Rounds(
            lambda: (
                dict.fromkeys(editions.index.roots(), True)
                # nobody tells when a disk is back.
                | dict.fromkeys((*watcher.reasons(), *editions.pipeline.away), False)
            ),
            editions.sweep_again,
            retry=editions.retry,
            woken=trouble,
        )
        api = Api(
            current=editions,
            search=editions.search,
            explain=editions.explain,
            describe=functools.partial(_describe, editions, psutil.Process()),
            is_ready=lambda: editions.info is not None,
            stop=lambda: stop_reasons.put("request"),
            unwatched=watcher.reasons,
        )
        with listening(places.indexer_socket) as listener, serving(api.app(), listener):
            inode = places.indexer_socket.stat().st_ino
            logger.info("started home=%s", places.home)
            watcher.start(editions.look_at)
            editions.start()
            rounds.start()
            reason = wait_for_stop(
                stop_reasons, places.indexer_socket, inode, trouble=lambda: _trouble_of(editions)
            )
            logger.info("stopping reason=%s", reason)
            end = end_by(END_S)
            rounds.close()
            watcher.close()
    if reason in CATALOG_TROUBLES and stop_reasons.empty():
        end.cancel()
        return True
    logger.info("stopped")
    return False


def end_by(seconds: float) -> threading.Timer:
    """See to it that this process is gone after some seconds, whatever hangs until then.

    A child that is stuck, a disk that does not answer: what was committed is whole, and the
    next start finds the rest again.

    Returns:
        The clock, which can be stopped.
    """

    def give_up() -> None:
        logger.error("end_forced after_s=%.0f", seconds)
        # first: a child that is stuck would keep the vector store from the next daemon.
        kill(family(os.getpid())[1:])
        # as asked for, so not a failure after which a service is started again.
        os._exit(0)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    return timer


def _wanted(places: Places, rules: WalkRules) -> Callable[[Path, str], bool]:
    """Return what tells whether a change matters, by its root and path: kb's own writing never does."""
    home = os.fspath(places.home.resolve())

    def is_wanted(root: Path, path: str) -> bool:
        relative = path[len(os.fspath(root)) + 1 :]
        return path != home and not path.startswith(home + os.sep) and rules.may_matter(relative)

    return is_wanted


def _describe(editions: Editions, process: psutil.Process) -> dict[str, Any]:
    """Return the facts of this process for `status`; never waits for the worker."""
    info = editions.info
    embedding = None
    if info is not None:
        embedding = {
            "model": info.model,
            "device": info.device,
            "dtype": info.dtype,
            "fingerprint": info.fingerprint,
        }
    return {
        "version": RELEASE.version,
        "api": RELEASE.api,
        "pid": process.pid,
        "embedding": embedding,
        "reranker": editions.index.reranker,
        "building": editions.describe_building(),
        "memory_mb": round(_memory_bytes(process) / 1e6),
    }


def _memory_bytes(process: psutil.Process) -> int:
    """Return what a process and everything below it hold."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += each.memory_info().rss
    return total


def _trouble_of(editions: Editions) -> str:
    """Return why the index that answers now has to be opened again."""
    return editions.index.trouble()


def wait_for_stop(
    stop_reasons: "queue.SimpleQueue[str]",
    socket_path: Path,
    inode: int,
    *,
    trouble: Callable[[], str] = str,
    check_s: float = CHECK_S,
) -> str:
    """Return why the daemon is to end, when it is.

    Args:
        stop_reasons: Where signals and requests arrive.
        socket_path: Our socket.
        inode: What is ours at that path; a home that was deleted, or taken over, has another or none.
        trouble: Returns why the index cannot go on as it is; empty if it can.
        check_s: How often to look.
    """
    while True:
        with contextlib.suppress(queue.Empty):
            return stop_reasons.get(timeout=check_s)
        try:
            is_ours = socket_path.stat().st_ino == inode
        except OSError:
            is_ours = False
        if not is_ours:
            return "socket_gone"
        if reason := trouble():
            return reason


@contextlib.contextmanager
def _locked(places: Places) -> Iterator[None]:
    """Hold the lock of a home.

    Raises:
        DaemonError: If another daemon holds it, and answers or does not end.
    """
    try:
        descriptor = os.open(places.indexer_lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(f"cannot write {places.indexer_lock}: {error.strerror}") from error
    try:
        deadline = time.monotonic() + LOCK_WAIT_S
        other = IndexerClient(places)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if other.is_running() or time.monotonic() > deadline:
                    pid = read_holder(places)[0] or "unknown"
                    raise DaemonError(
                        f"another daemon (pid {pid}) serves this home", hint="stop it: `kb indexer stop`"
                    ) from None
            time.sleep(0.05)
        # a full disk must not keep the daemon from starting.
        with contextlib.suppress(OSError):
            write_holder(descriptor, os.getpid(), RELEASE)
        yield
    finally:
        os.close(descriptor)
