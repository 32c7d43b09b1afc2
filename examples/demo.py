"""`make demo`: index the example vault and ask it, through the real daemon, Chroma and llama.cpp.

Everything happens in a temporary `KB_HOME`, which is removed at the end. The
model is the tiny one the tests use: it reads plain facts and nothing else.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAULT = ROOT / "examples" / "vault"
MODEL = ROOT / "tests" / "models" / "tiny_reader" / "tiny_reader.gguf"

COMMANDS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (0, ("add", str(VAULT))),
    (0, ("search", "-n", "1", "who helps when my tooth hurts")),
    (0, ("ask", "What is the wifi password of the cabin?")),
    (1, ("ask", "What is the wifi password of the hotel?")),
    (0, ("ask", "--no-model", "When does the flight to Lisbon leave?")),
    (0, ("status",)),
)
"""With the exit code of each: 1 says that the files do not say."""


def run(arguments: tuple[str, ...], environment: dict[str, str]) -> int:
    """Show and run one `kb` command, its output straight to the terminal."""
    shown = [str(Path(a).relative_to(ROOT)) if a.startswith(str(ROOT)) else a for a in arguments]
    sys.stdout.write(f"\n$ kb {shlex.join(shown)}\n")
    sys.stdout.flush()
    return subprocess.run(
        [sys.executable, "-m", "assistant", *arguments], env=environment, check=False
    ).returncode


def main() -> int:
    """Run the demo; return 0 if every command did what it shows."""
    # /tmp and not the project folder: a socket path has to be short.
    with tempfile.TemporaryDirectory(prefix="kb-demo-", dir="/tmp", ignore_cleanup_errors=True) as home:
        Path(home, "config.toml").write_text(
            f"[model]\npath = {str(MODEL)!r}\n[answer]\ntemperature = 0.0\n", encoding="utf-8"
        )
        environment = {**os.environ, "KB_HOME": home}
        try:
            results = [run(arguments, environment) == code for code, arguments in COMMANDS]
            return 0 if all(results) else 1
        finally:
            for resident in ("engine", "indexer"):
                subprocess.run(
                    [sys.executable, "-m", "assistant", resident, "stop"],
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=False,
                )


if __name__ == "__main__":
    sys.exit(main())
