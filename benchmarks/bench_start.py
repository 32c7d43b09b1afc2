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
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from indexer.client import IndexerClient, connect
from indexer.paths import Places

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
    home = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    places = Places(config_file=home / "config.toml", home=home)
    environ = {**os.environ, "KB_HOME": str(home), "TERM": "xterm-256color"}
    paints: dict[str, list[float]] = {"empty app": [], "kb, no daemon": [], "kb": []}
    echoes: list[float] = []
    try:
        for round_ in range(rounds + 1):
            IndexerClient(places).stop()
            found = [once(empty, environ)[0], once(kb, environ)[0]]
            # the one that this kb was starting, or another.
            connect(places)
            painted, echoed = once(kb, environ, types=True)
            # the first round warms the disk.
            if round_:
                for times, seconds in zip(paints.values(), [*found, painted], strict=True):
                    times.append(seconds)
                echoes.append(echoed)
    finally:
        IndexerClient(places).stop()
        shutil.rmtree(home, ignore_errors=True)
    base = statistics.median(paints["empty app"])
    print(f"\nfirst paint, {rounds} rounds\n{'':28}{'median ms':>10}{'times empty':>12}{'at most':>9}")
    for name, times in paints.items():
        median = statistics.median(times)
        limit = "" if name == "empty app" else "1.8"
        print(f"{name:28}{median * 1000:10.0f}{median / base:12.2f}{limit:>9}")
    median = statistics.median(echoes)
    print(f"{'kb, a typed letter is seen':28}{median * 1000:10.0f}{median / base:12.2f}")


def once(command: Sequence[str], environ: Mapping[str, str], *, types: bool = False) -> tuple[float, float]:
    """Start a program on a terminal; return the seconds until its word, and until a typed letter is seen."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, env=environ, start_new_session=True
    )
    os.close(child)
    try:
        painted = _until(parent, WORD, began)
        if not types:
            return painted, painted
        os.write(parent, TYPED)
        return painted, _until(parent, TYPED, began)
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
