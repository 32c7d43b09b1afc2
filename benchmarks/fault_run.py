"""Is anything lost? Kills at random moments during random edits, then a comparison with a fresh index.

A real daemon with the real embedder and the real Chroma keeps two folders of small files (Markdown, text,
code, HTML, PDF). Files and folders are edited, moved, copied and deleted at random while SIGKILL hits the
daemon, its worker and its extraction child, one by one and together, at work, during start-up and during
repair. At checkpoints the daemon is left to become idle and is stopped, and everything stored is compared
with an index of the same files built from scratch in another home.

    python -m benchmarks.fault_run --seed 7 --kills 200

What is edited, and what is killed after which pause, follows from the seed. Exits with 1 on any difference.
"""

import argparse
import contextlib
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from indexer.children import child_environment
from indexer.client import IndexerClient
from indexer.errors import KbError
from indexer.paths import Places
from tests.faults.comparing import contents_of, differences
from tests.faults.folders import Folder

TARGETS = (
    *[("daemon",)] * 4,
    *[("worker",)] * 4,
    *[("extraction",)] * 3,
    ("daemon", "worker"),
    ("worker", "extraction"),
    ("daemon", "worker", "extraction"),
)
MODULES = {"worker": "indexer.worker", "extraction": "indexer.extract"}

FIRST_FILES = 50
KILLS_PER_CHECK = 50
TARGET_WAIT_S = 2.0
"""A child that does not run after so long is not killed: there may be nothing to read."""

READY_S = 120.0
IDLE_S = 300.0
STILL_S = 1.0
"""Longer than the watcher waits for a file to be still."""

SHOWN = 20

RECOVERIES = (
    "worker_died",
    "vectors_rebuilt",
    "vectors_swept",
    "vectors_failed",
    "vectors_unreadable",
    "file_failed",
    "catalog_begun_anew",
    "indexing_stopped",
)
"""Events of the log that are counted."""

BUG = re.compile(r"Traceback|_failed kind=|an internal error")


@dataclass
class Outcome:
    """What a run found."""

    kills: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    edits: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    bugs: list[str] = field(default_factory=list)
    """Lines of the log that no kill explains."""

    checks: list[tuple[int, int, int, list[str]]] = field(default_factory=list)
    """(kills so far, files, chunks, differences) of each comparison."""

    took_s: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost, stale or double, and the log tells of no bug."""
        return not self.bugs and not any(found for *_, found in self.checks)


class Home:
    """One home and the daemon that serves it, a child of ours."""

    def __init__(self, directory: Path) -> None:
        self.places = Places(config_file=directory / "config.toml", home=directory)
        self.client = IndexerClient(self.places, timeout_s=60)
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        """Start the daemon if it does not run; does not wait for it."""
        if self._process is None or self._process.poll() is not None:
            self.places.create()
            with (self.places.home / "stderr").open("ab") as stderr:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "indexer", "--home", str(self.places.home)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    env=child_environment(),
                )
            self.starts += 1

    def wait_ready(self) -> None:
        """Wait until the daemon answers and its model is loaded."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            self.start()
            with contextlib.suppress(KbError):
                if self.client.status()["state"] != "starting":
                    return
            time.sleep(0.1)
        raise SystemExit(f"fault_run: the daemon of {self.places.home} is not ready after {READY_S:.0f} s")

    def add(self, roots: Sequence[Path]) -> None:
        """Add roots, however often the daemon dies over it."""
        for root in roots:
            while root not in self._roots():
                with contextlib.suppress(KbError):
                    self.client.add_root(root)

    def wait_idle(self) -> None:
        """Wait until every change on disk is indexed and nothing failed that may yet work."""
        deadline = time.monotonic() + IDLE_S
        time.sleep(STILL_S)
        while time.monotonic() < deadline:
            self.wait_ready()
            with contextlib.suppress(KbError):
                for _ in self.client.fresh():
                    pass
                status = self.client.status()
                if status["state"] == "idle":
                    if not status.get("retry", {}).get("count"):
                        return
                    # what failed for the moment waits for its time, or for a person who asks.
                    self.client.sweep()
            time.sleep(0.5)
        raise SystemExit(f"fault_run: the daemon of {self.places.home} is not idle after {IDLE_S:.0f} s")

    def kill(self, targets: Sequence[str]) -> list[str]:
        """Send SIGKILL to all of some processes; return those that were there."""
        assert self._process is not None
        deadline = time.monotonic() + TARGET_WAIT_S
        while not (found := self._find(targets)) and time.monotonic() < deadline:
            time.sleep(0.005)
        for process in found.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if "daemon" in found:
            self._process.wait()
        return list(found)

    def stop(self) -> None:
        """End the daemon in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                raise SystemExit("fault_run: the daemon does not end") from None

    def log_lines(self) -> list[str]:
        """Return the lines of the log, of all its files."""
        files = [self.places.home / "stderr", *self.places.log_dir.glob("indexer.log*")]
        return [
            line
            for file in files
            if file.exists()
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
        ]

    def _roots(self) -> list[Path]:
        self.wait_ready()
        try:
            return self.client.roots()
        except KbError:
            return []

    def _find(self, targets: Sequence[str]) -> dict[str, psutil.Process]:
        assert self._process is not None
        found: dict[str, psutil.Process] = {}
        with contextlib.suppress(psutil.Error):
            daemon = psutil.Process(self._process.pid)
            if "daemon" in targets and daemon.status() != psutil.STATUS_ZOMBIE:
                found["daemon"] = daemon
            for child in daemon.children():
                with contextlib.suppress(psutil.Error):
                    command = child.cmdline()
                    for name in targets:
                        if MODULES.get(name) in command:
                            found[name] = child
        return found


def run(
    *,
    seed: int,
    kills: int,
    per_check: int = KILLS_PER_CHECK,
    first_files: int = FIRST_FILES,
    talk: bool = True,
) -> Outcome:
    """Edit and kill, compare at checkpoints and at the end, and return what was found."""
    started = time.monotonic()
    rng = random.Random(seed)
    outcome = Outcome()
    # a socket path has to be short.
    base = Path(tempfile.mkdtemp(prefix="kbf-", dir="/tmp"))
    home = Home(base / "home")
    try:
        folder = Folder(base, random.Random(seed + 1))
        for _ in range(first_files):
            folder.create()
        home.add(folder.roots)
        next_check = per_check
        while (count := outcome.kills.total()) < kills:
            _edit_and_kill(home, folder, rng, outcome)
            if outcome.kills.total() >= min(next_check, kills):
                next_check += per_check
                # by turns: events alone must have told everything, or the sweep of a start finds it.
                if rng.random() < 0.5:
                    outcome.kills.update(home.kill(["daemon"]))
                _check(home, folder, base / f"scratch-{count}", outcome)
                if talk:
                    _say(outcome, started)
    except BaseException:
        print(f"fault_run: broken off; everything is left in {base}", file=sys.stderr)
        raise
    finally:
        home.stop()
    lines = home.log_lines()
    outcome.starts = home.starts
    outcome.events.update(event for event in RECOVERIES for line in lines if f" {event} " in line)
    outcome.bugs = [line for line in lines if BUG.search(line)]
    outcome.took_s = time.monotonic() - started
    if outcome.is_sound:
        shutil.rmtree(base, ignore_errors=True)
    else:
        print(f"fault_run: everything is left in {base}", file=sys.stderr)
    return outcome


def _edit_and_kill(home: Home, folder: Folder, rng: random.Random, outcome: Outcome) -> None:
    """Change some files, wait a random while, and kill; everything but the clock follows from the dice."""
    waits_ready, targets = rng.random() < 0.5, rng.choice(TARGETS)
    down = [folder.edit() for _ in range(rng.choice([0, 0, 1, 5]))]
    home.start()
    if waits_ready:
        home.wait_ready()
    edits = [folder.edit() for _ in range(rng.randint(1, 8))]
    outcome.edits.update(edit.split()[0] for edit in (*down, *edits))
    # what is edited is looked at a fifth of a second later, and read and embedded within the second.
    time.sleep(
        rng.choice([rng.uniform(0, 0.5), rng.uniform(0.2, 1.2), rng.uniform(0, 6 if not waits_ready else 2)])
    )
    outcome.kills.update(home.kill(targets))


def _check(home: Home, folder: Folder, scratch: Path, outcome: Outcome) -> None:
    home.wait_idle()
    home.stop()
    fresh = Home(scratch)
    try:
        fresh.add(folder.roots)
        fresh.wait_idle()
    finally:
        fresh.stop()
    found, wanted = contents_of(home.places), contents_of(fresh.places)
    outcome.checks.append(
        (outcome.kills.total(), len(wanted.files), len(wanted.chunks), differences(found, wanted))
    )


def _say(outcome: Outcome, started: float) -> None:
    kills, files, chunks, found = outcome.checks[-1]
    print(
        f"{time.monotonic() - started:6.0f} s  {kills:4} kills  {files:4} files  {chunks:5} chunks "
        f" {len(found)} differences",
        flush=True,
    )
    for each in found[:SHOWN]:
        print(f"    {each}"[:300], flush=True)


def report(outcome: Outcome, *, seed: int) -> None:
    """Print the table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"seed {seed}, {outcome.took_s:.0f} s, the daemon was started {outcome.starts} times")
    for title, counted in (("SIGKILLs", outcome.kills), ("edits", outcome.edits), ("log", outcome.events)):
        told = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
        print(f"{title:10}{counted.total():5}  {told}")
    print(f"{'after kills':>12}{'files':>8}{'chunks':>8}{'lost, stale, wrong':>20}")
    for kills, files, chunks, found in outcome.checks:
        print(f"{kills:12}{files:8}{chunks:8}{len(found):20}")
    for line in outcome.bugs[:SHOWN]:
        print(f"in the log: {line[:300]}")


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kills", type=int, default=200)
    arguments = parser.parse_args()
    outcome = run(seed=arguments.seed, kills=arguments.kills)
    report(outcome, seed=arguments.seed)
    return 0 if outcome.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
