"""The clipboard of tmux, which by itself takes nothing from the programs in it."""

import contextlib
import os
import shutil
import subprocess

WAIT_S = 2.0


def copy_in_tmux(text: str) -> None:
    """Put a text into tmux's buffer and, through it, into the terminal's clipboard; else do nothing."""
    if not os.environ.get("TMUX") or (program := shutil.which("tmux")) is None:
        return
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        # -w is of tmux 3.2; an older one takes the text without it.
        for options in (["-w"], []):
            done = subprocess.run(
                [program, "load-buffer", *options, "-"],
                input=text.encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=WAIT_S,
                check=False,
            )
            if done.returncode == 0:
                return
