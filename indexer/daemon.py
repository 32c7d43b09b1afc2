"""The daemon: lock, socket, signals and logs, and the place where all parts are put together.

The lock is held for life and is what makes it the only one; the socket is only
the door. Whoever finds the lock taken waits until the holder answers or is
gone, so that neither two first clients nor a restart can end without a daemon.
"""

import argparse
import contextlib
import fcntl
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from indexer import logs
from indexer.api import Api
from indexer.api.serving import listening, serving
from indexer.chunking import capacity_for
from indexer.client import IndexerClient
from indexer.config import IndexerSettings, load_settings
from indexer.errors import ConfigError, DaemonError, KbError, UsageError
from indexer.extract import is_supported
from indexer.extract.sandbox import Sandbox
from indexer.index import Index
from indexer.index.rebuild import start_over
from indexer.paths import Places
from indexer.pipeline import Pipeline
from indexer.pipeline.rounds import Rounds
from indexer.search import search
from indexer.types import Passage
from indexer.walk import WalkRules
from indexer.watch import Watcher
from indexer.worker import WorkerInfo

logger = logging.getLogger("indexer.daemon")

LOCK_WAIT_S = 20.0
"""How long a daemon that ends may hold the lock before the next one gives up on it."""

SOCKET_CHECK_S = 30.0
"""How often we look whether our socket is still ours; a deleted home must not leave a daemon behind."""


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
                start_over(places)
                logger.info("index_cleared home=%r", str(places.home))
            _serve(places, load_settings(places.config_file, IndexerSettings))
        except KbError as error:
            logger.error("start_failed kind=%s reason=%r", type(error).__name__, error.message)
            raise


def _serve(places: Places, settings: IndexerSettings) -> None:
    """Put the parts together, run them, and take them apart in order."""
    # a queue that may be put to from a signal handler.
    stop_reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: stop_reasons.put(signal.Signals(got).name))
    rules = WalkRules(
        exclude=settings.index.exclude,
        max_file_bytes=settings.index.max_file_mb * 1_000_000,
        is_supported=is_supported,
    )
    index = Index.open(places, settings)
    with contextlib.closing(index):
        parts = Parts(places, settings, index)
        watcher = Watcher(is_wanted=parts.wanted_by(rules), probe_folder=places.run_dir)
        pipeline = Pipeline(
            index, rules=rules, open_reader=parts.open_reader, home=places.home, watcher=watcher
        )
        rounds = Rounds(
            lambda: dict.fromkeys(index.roots(), True) | dict.fromkeys(watcher.reasons(), False),
            pipeline.sweep_again,
        )
        api = Api(
            current=Serving(index, pipeline),
            search=parts.search,
            describe=parts.describe,
            is_ready=parts.is_ready,
            stop=lambda: stop_reasons.put("request"),
            unwatched=watcher.reasons,
        )
        with listening(places.indexer_socket) as listener, serving(api.app(), listener):
            inode = places.indexer_socket.stat().st_ino
            logger.info("started home=%s", places.home)
            watcher.start(pipeline.look_at)
            pipeline.start()
            rounds.start()
            warming = threading.Thread(target=parts.warm_up, args=(pipeline,), name="warming", daemon=True)
            warming.start()
            reason = wait_for_stop(stop_reasons, places.indexer_socket, inode)
            logger.info("stopping reason=%s", reason)
            rounds.close()
            watcher.close()
        pipeline.close()
    logger.info("stopped")


@dataclass(frozen=True, slots=True)
class Serving:
    """The index that answers, and what brings it up to date."""

    index: Index
    pipeline: Pipeline


class Parts:
    """What the API and the pipeline need of the index, the reader and this process."""

    def __init__(self, places: Places, settings: IndexerSettings, index: Index) -> None:
        self._places = places
        self._settings = settings
        self._index = index
        self._info: WorkerInfo | None = None
        self._process = psutil.Process()

    def warm_up(self, pipeline: Pipeline) -> None:
        """Wait for the embedding model and bring the vectors in step; runs in a thread of its own."""
        started = time.monotonic()
        try:
            self._index.ready()
            self._info = self._index.describe()
        except KbError as error:
            pipeline.stop_work(error)
            return
        logger.info(
            "model_loaded model=%r device=%s dtype=%s took_s=%.1f",
            self._info.model,
            self._info.device,
            self._info.dtype,
            time.monotonic() - started,
        )

    def wanted_by(self, rules: WalkRules) -> Callable[[Path, str], bool]:
        """Return whether a change matters, by its root and path: kb's own writing never does."""
        home = os.fspath(self._places.home.resolve())

        def is_wanted(root: Path, path: str) -> bool:
            relative = path[len(os.fspath(root)) + 1 :]
            return path != home and not path.startswith(home + os.sep) and rules.may_matter(relative)

        return is_wanted

    def is_ready(self) -> bool:
        """Tell whether the embedding model is loaded."""
        return self._info is not None

    def open_reader(self) -> Sandbox:
        """Make the child that reads files; waits for the model, whose capacity chunks must fit."""
        self._info = info = self._index.describe()
        wanted_tokens = self._settings.embedding.chunk_tokens
        return Sandbox(
            tokenizer_file=info.tokenizer_file,
            capacity_tokens=capacity_for(info.capacity_tokens, wanted_tokens=wanted_tokens),
            timeout_s=self._settings.index.extract_timeout_s,
            memory_mb=self._settings.index.extract_memory_mb,
            work_dir=self._places.work_dir,
        )

    def search(self, query: str, top_k: int, under: Sequence[Path]) -> tuple[Passage, ...]:
        """Find passages; waits for the model if it is still loading."""
        return search(self._index, query, top_k=top_k, under=under)

    def describe(self) -> dict[str, Any]:
        """Return the facts of this process for `status`; never waits for the worker."""
        info = self._info
        embedding = None
        if info is not None:
            embedding = {
                "model": info.model,
                "device": info.device,
                "dtype": info.dtype,
                "fingerprint": info.fingerprint,
            }
        return {
            "version": version("kb"),
            "pid": os.getpid(),
            "embedding": embedding,
            "memory_mb": round(self._memory_bytes() / 1e6),
        }

    def _memory_bytes(self) -> int:
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total


def wait_for_stop(
    stop_reasons: "queue.SimpleQueue[str]", socket_path: Path, inode: int, *, check_s: float = SOCKET_CHECK_S
) -> str:
    """Return why the daemon is to end, when it is.

    Args:
        stop_reasons: Where signals and requests arrive.
        socket_path: Our socket.
        inode: What is ours at that path; a home that was deleted, or taken over, has another or none.
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
                    pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
                    raise DaemonError(
                        f"another daemon (pid {pid}) serves this home", hint="stop it: `kb indexer stop`"
                    ) from None
            time.sleep(0.05)
        # a full disk must not keep the daemon from starting: the number is for people.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
