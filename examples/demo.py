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

COMMANDS: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (0, "13 files", ("add", str(VAULT))),
    (0, "Nora Silva", ("search", "-n", "1", "who helps when my tooth hurts")),
    (0, "heron-lake-42 [1].\n", ("ask", "What is the wifi password of the cabin?")),
    (1, "", ("ask", "What is the wifi password of the hotel?")),
    (0, "9 September at 6:40", ("ask", "--no-model", "When does the flight to Lisbon leave?")),
    (0, "13 indexed", ("status",)),
)
"""With the exit code of each, where 1 says that the files do not say, and a piece of what it writes."""


def run(arguments: tuple[str, ...], environment: dict[str, str]) -> tuple[int, str]:
    """Show and run one `kb` command; return its exit code, and what it wrote to stdout."""
    shown = [str(Path(a).relative_to(ROOT)) if a.startswith(str(ROOT)) else a for a in arguments]
    sys.stdout.write(f"\n$ kb {shlex.join(shown)}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "assistant", *arguments]
    written = ""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            written += line
    return process.returncode, written


def main() -> int:
    """Run the demo; return 0 if every command did what it shows."""
    # /tmp and not the project folder: a socket path has to be short.
    with tempfile.TemporaryDirectory(prefix="kb-demo-", dir="/tmp", ignore_cleanup_errors=True) as home:
        Path(home, "config.toml").write_text(
            # no more passages than the tiny model keeps apart.
            f"[model]\npath = {str(MODEL)!r}\n[answer]\npassages = 3\ntemperature = 0.0\n",
            encoding="utf-8",
        )
        environment = {**os.environ, "KB_HOME": home}
        try:
            for code, said, arguments in COMMANDS:
                ended, written = run(arguments, environment)
                if ended != code or said not in written:
                    sys.stderr.write(f"the demo failed: exit code {code} and {said!r} were expected\n")
                    return 1
            return 0
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
