"""Running the real `kb` as a process of its own."""

import ctypes
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import PATIENCE_S


@dataclass(frozen=True, slots=True)
class Run:
    """How one command ended."""

    code: int
    out: str
    err: str


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which kb lives in `home`."""
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return {**kept, "KB_HOME": str(home), "PYTHONUTF8": "1", **(extra or {})}


def obey_file_modes() -> None:
    """Make file modes hold for this process and its children, even if it runs as root."""
    if os.geteuid() == 0:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def kb(
    home: Path,
    *arguments: str,
    stdin: str | bytes | None = None,
    environ: Mapping[str, str] | None = None,
    timeout_s: float = PATIENCE_S,
    before: Callable[[], None] | None = None,
) -> Run:
    """Run `kb` to its end.

    Args:
        home: Its `KB_HOME`.
        arguments: The command line.
        stdin: What is piped in; `None` for nothing, as from a shell without a pipe.
        environ: Further variables.
        timeout_s: When it counts as hung.
        before: Called in the new process before kb begins, to take something from it.
    """
    data = stdin.encode() if isinstance(stdin, str) else stdin
    ended = subprocess.run(
        [sys.executable, "-m", "assistant", *arguments],
        input=data,
        stdin=subprocess.DEVNULL if data is None else None,
        capture_output=True,
        env=environment(home, environ),
        timeout=timeout_s,
        preexec_fn=before,
        check=False,
    )
    return Run(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def start_kb(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start `kb` as from a shell, so that Ctrl-C reaches it, with pipes for what it writes."""
    return subprocess.Popen(
        [sys.executable, "-m", "assistant", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home),
        # whoever runs the tests in the background has the interrupt ignored, which is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - takes no lock
    )


def on_terminal(home: Path, *arguments: str, environ: Mapping[str, str]) -> str:
    """Run Python on a terminal, expect it to succeed, and return what the terminal gets, escapes and all.

    Args:
        home: The `KB_HOME`.
        arguments: What stands behind `python`.
        environ: Further variables; `TERM` is one a terminal has.
    """
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=child, stdout=child, stderr=child, env=environment(home, environ)
    )
    os.close(child)
    shown = b""
    try:
        while piece := os.read(parent, 4096):
            shown += piece
    except OSError:
        pass  # Linux ends a terminal whose other side is closed with an error.
    os.close(parent)
    assert process.wait() == 0
    return shown.decode()
