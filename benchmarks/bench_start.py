"""How long it takes from `kb` to its first paint, beside an app of Textual that shows one word.

Both are started in turns on a terminal of their own, and timed until the word that they
paint arrives there; `kb` also until a letter that is typed at once is seen. Daemon and engine
are not running where it says so: the app must not wait for them.

    python -m benchmarks.bench_start [--rounds 15]
"""

import argparse
import fcntl
import os
import platform
import pty
import select
import statistics
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from indexer.client import IndexerClient, connect
from indexer.paths import Places
from tests.homes import short_home

EMPTY = """
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("Conversations")

Empty().run()
"""
WORD = b"Conversations"
TYPED = b"\xc2\xb5"
"""A letter that nothing on the screen holds."""

PATIENCE_S = 60.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15, help="starts of each kind")
    rounds = parser.parse_args().rounds
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"
    )
    kb = [sys.executable, "-m", "assistant"]
    empty = [sys.executable, "-c", EMPTY]
    paints: dict[str, list[float]] = {"empty app": [], "kb, no daemon": [], "kb": []}
    echoes: list[float] = []
    with short_home() as served, short_home() as bare:
        try:
            connect(served).search("warm up")
            for round_ in range(rounds + 1):
                found = [once(empty, environment(bare)), once(kb, environment(bare))]
                painted, echoed = once_typed(kb, environment(served))
                # the first round warms the disk.
                if round_:
                    for times, seconds in zip(paints.values(), [*found, painted], strict=True):
                        times.append(seconds)
                    echoes.append(echoed)
        finally:
            for places in (served, bare):
                IndexerClient(places).stop()
    base = statistics.median(paints["empty app"])
    print(f"\nfirst paint, {rounds} rounds\n{'':28}{'median ms':>10}{'times empty':>12}{'at most':>9}")
    for name, times in paints.items():
        median = statistics.median(times)
        limit = "" if name == "empty app" else "1.8"
        print(f"{name:28}{median * 1000:10.0f}{median / base:12.2f}{limit:>9}")
    median = statistics.median(echoes)
    print(f"{'kb, a typed letter is seen':28}{median * 1000:10.0f}{median / base:12.2f}")


def environment(places: Places) -> dict[str, str]:
    """Return the environment in which kb lives in a home."""
    return {**os.environ, "KB_HOME": str(places.home), "TERM": "xterm-256color"}


def once(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """Start a program on a terminal; return the seconds until its word is there."""
    with _on_terminal(command, environ) as (terminal, began):
        return _until(terminal, WORD, began)


def once_typed(command: Sequence[str], environ: Mapping[str, str]) -> tuple[float, float]:
    """Do as `once`, and type a letter then; return also the seconds until that is seen."""
    with _on_terminal(command, environ) as (terminal, began):
        painted = _until(terminal, WORD, began)
        os.write(terminal, TYPED)
        return painted, _until(terminal, TYPED, began)


@contextmanager
def _on_terminal(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[tuple[int, float]]:
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, env=environ, start_new_session=True
    )
    os.close(child)
    try:
        yield parent, began
    finally:
        process.kill()
        process.wait()
        os.close(parent)


def _until(terminal: int, word: bytes, began: float) -> float:
    shown = b""
    while word not in shown:
        if not select.select([terminal], [], [], PATIENCE_S)[0]:
            raise TimeoutError(f"{word!r} was not shown within {PATIENCE_S:.0f} s")
        shown += os.read(terminal, 65536)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
