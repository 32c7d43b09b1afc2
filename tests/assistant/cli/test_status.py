"""`kb status`, once and again and again, through a real daemon."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.cli.status import GONE
from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import environment, kb, start_kb

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def own() -> Iterator[Path]:
    """Return a home with one indexed folder, for what stops the daemon."""
    base = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    (base / "notes").mkdir()
    (base / "notes" / "a.md").write_text("The lighthouse opens at nine.\n", encoding="utf-8")
    assert kb(base / "home", "add", str(base / "notes")).code == 0
    yield base
    kb(base / "home", "indexer", "stop")
    shutil.rmtree(base, ignore_errors=True)


class Terminal:
    """`kb` on a terminal of 80 columns and 24 lines."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self._parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "assistant", *arguments],
            stdin=child,
            stdout=child,
            stderr=child,
            env=environment(home, {"TERM": "xterm"}),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - takes no lock
        )
        os.close(child)
        self.shown = ""

    def read_until(self, pattern: str) -> str:
        """Return what is shown from now on, up to a text that matches."""
        seen, deadline = "", time.monotonic() + PATIENCE_S
        while not re.search(pattern, seen):
            assert time.monotonic() < deadline, f"{pattern} was never shown, but {seen[-2000:]}"
            if select.select([self._parent], [], [], 0.5)[0]:
                seen += os.read(self._parent, 65536).decode()
        self.shown += seen
        return seen

    def interrupt(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """Read to the end and return the exit code."""
        # Linux ends a terminal whose other side is closed with an error.
        with contextlib.suppress(OSError):
            while piece := os.read(self._parent, 65536):
                self.shown += piece.decode()
        os.close(self._parent)
        return self._process.wait(PATIENCE_S)


def test_status_fits_a_terminal(home: Home) -> None:
    """No line is wider than the terminal, and labels are aligned."""
    terminal = Terminal(home.path, "status")
    shown = terminal.read_until(r"takes .*\n")
    assert max(len(line.rstrip("\r")) for line in shown.split("\n")) <= 80
    assert terminal.end() == 0


def test_watching_redraws_in_place_and_survives_the_daemon(own: Path) -> None:
    """News appear by themselves; a daemon that goes away is one sentence, and shown again when it is back."""
    terminal = Terminal(own / "home", "status", "--watch")
    terminal.read_until(r"files +1 indexed")
    (own / "notes" / "b.md").write_text("The harbour closes at five.\n", encoding="utf-8")
    terminal.read_until(r"files +2 indexed")
    assert kb(own / "home", "indexer", "stop").code == 0
    terminal.read_until(re.escape(GONE))
    assert kb(own / "home", "indexer", "start").code == 0
    terminal.read_until(r"files +2 indexed")
    assert terminal.interrupt() == 0
    # a screen of its own that is given back, and what stood on it last stays in sight.
    assert terminal.shown.count("\x1b[?1049h") == terminal.shown.count("\x1b[?1049l") == 1
    _, _, after = terminal.shown.partition("\x1b[?1049l")
    assert re.search(r"files +2 indexed", after)
    assert "Traceback" not in terminal.shown


def test_watching_without_a_terminal_prints_what_changed(own: Path) -> None:
    """A block at the start and one for each change, and none for the time that passes."""
    notes = own / "notes"
    watching = start_kb(own / "home", "status", "--watch", "--json")
    assert watching.stdout is not None
    first = json.loads(watching.stdout.readline())
    assert first["roots"][0]["path"] == str(notes)
    (notes / "c.md").write_text("The ferry leaves at noon.\n", encoding="utf-8")
    wanted = first["files"]["indexed"] + 1
    while (said := json.loads(watching.stdout.readline()))["files"]["indexed"] != wanted:
        pass
    assert said["state"] in {"idle", "indexing"}
    watching.send_signal(signal.SIGINT)
    assert watching.wait(PATIENCE_S) == 0
    assert watching.stderr is not None
    assert watching.stderr.read() == b""
    watching.stdout.close()
    watching.stderr.close()


def test_the_numbers_for_programs_are_named(home: Home) -> None:
    """Everything a script may want to know has a key of its own."""
    said = json.loads(kb(home.path, "status", "--json").out)
    assert {
        "state",
        "version",
        "pid",
        "roots",
        "files",
        "chunks",
        "queue",
        "pending",
        "as_of",
        "paused_until",
        "paused_why",
        "retry",
        "rebuilding",
        "building",
        "disk_bytes",
        "memory_mb",
        "embedded_total",
        "embedding",
        "progress",
        "fault",
        "recovered",
        "last_errors",
    } <= set(said)
    assert {"path", "files", "is_away", "watching", "not_watched"} <= set(said["roots"][0])
    assert said["roots"][0]["watching"] == "watched"
    assert set(said["disk_bytes"]) == {"catalog", "chroma", "logs"}
