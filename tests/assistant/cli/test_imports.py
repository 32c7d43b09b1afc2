"""What the short commands load, seen in a fresh interpreter.

torch takes 5 s to import, chromadb 1 s, numpy 60 ms: whoever waits for `kb`
must not wait for them.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import environment

ENGINES = {"torch", "sentence_transformers", "transformers", "chromadb", "llama_cpp", "textual"}
"""What no face may ever load."""

HEAVY = ENGINES | {"numpy", "tokenizers", "starlette", "uvicorn", "jinja2", "httpx", "asyncio", "sqlite3"}

RUN_AND_LIST = """
import sys
from assistant.cli import main
try:
    main(sys.argv[1:])
finally:
    print("\\n".join({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(home: Path, *arguments: str) -> set[str]:
    """Run one command in a fresh interpreter and return the top-level modules it ended with."""
    ended = subprocess.run(
        [sys.executable, "-c", RUN_AND_LIST, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(home),
        check=False,
    )
    assert ended.returncode in {0, 1}, ended.stderr.decode()
    return set(ended.stderr.decode().split())


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["search", "--help"], ["config", "path"], ["add", "--help"], ["status", "--help"]],
)
def test_help_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    """Help needs click and the table of commands."""
    modules = loaded(tmp_path, *arguments)
    assert "assistant" in modules
    assert modules & HEAVY == set()


def test_help_of_all_does_not_load_the_commands(tmp_path: Path) -> None:
    """`kb --help` does not even load the settings or the client."""
    assert loaded(tmp_path, "--help") & {"pydantic", "http", "socket"} == set()


def test_a_search_loads_only_the_client(home: Home) -> None:
    """A real search through the running daemon, without settings and engines."""
    modules = loaded(home.path, "search", "rent of the cabin")
    assert "socket" in modules
    assert modules & (HEAVY | {"pydantic", "http", "email", "platformdirs", "subprocess"}) == set()


def test_an_answer_in_the_files_words_loads_no_engine(home: Home) -> None:
    """`kb ask` without a model needs settings and pure code."""
    modules = loaded(home.path, "ask", "--private", "--no-model", "How much is the rent?")
    assert modules & HEAVY == set()


def test_an_answer_by_a_model_loads_no_engine(home: Home) -> None:
    """`kb ask` with a model talks to the process that holds it."""
    modules = loaded(home.path, "ask", "--model", str(home.answering), "How much is the rent?")
    assert "sqlite3" in modules  # for the history
    assert modules & HEAVY == {"sqlite3"}
