"""The shell's tab key: commands, options and names of models."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.cli.shell import join_at_colons
from tests.assistant.cli.kb import environment
from tests.assistant.engine.models.programs import needs_bare_machine, put_into_ollama

pytestmark = needs_bare_machine


@pytest.fixture(scope="module")
def user_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody with three models."""
    home = tmp_path_factory.mktemp("home")
    store = home / ".ollama" / "models"
    put_into_ollama(store, "registry.ollama.ai/library/qwen3/8b", model=b"1")
    put_into_ollama(store, "registry.ollama.ai/library/qwen3/14b", model=b"2")
    (home / "kb" / "models").mkdir(parents=True)
    (home / "kb" / "models" / "Gemma-3-4B.gguf").touch()
    (home / "kb" / "models" / "mmproj-F16.gguf").touch()
    return home


def completed(home: Path, *words: str) -> list[str]:
    """Return what bash would put in the place of the last word."""
    ended = subprocess.run(
        [sys.executable, "-m", "assistant"],
        capture_output=True,
        text=True,
        env={
            **environment(home / "kb", {"HOME": str(home)}),
            "_KB_COMPLETE": "bash_complete",
            "COMP_WORDS": "\n".join(("kb", *words)),
            "COMP_CWORD": str(len(words)),
        },
        check=True,
    )
    assert ended.stderr == ""
    return [line.partition(",")[2] for line in ended.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("mod",), ["models"]),
        (("models", "u"), ["use"]),
        (("models", "use", ""), ["Gemma-3-4B", "qwen3:14b", "qwen3:8b"]),
        (("models", "info", "gem"), ["Gemma-3-4B"]),
        (("models", "use", "qwen3", ":", "8"), ["8b"]),
        (("models", "use", "qwen3", ":"), ["14b", "8b"]),
        (("ask", "--model", "Gem"), ["Gemma-3-4B"]),
        (("models", "use", "4b"), ["Gemma-3-4B"]),
        (("models", "use", "zephyr"), []),
        (("models", "list", "--a"), ["--all"]),
    ],
)
def test_what_could_stand_at_the_cursor(words: tuple[str, ...], offered: list[str], user_home: Path) -> None:
    """Names of commands, of models that may answer, and options; behind a colon only the rest."""
    assert completed(user_home, *words) == offered


def test_a_wrong_config_completes_nothing(user_home: Path) -> None:
    """The tab key is no place for error messages."""
    config = user_home / "kb" / "config.toml"
    config.write_text("[nonsense]\n", encoding="utf-8")
    assert completed(user_home, "models", "use", "") == []
    config.unlink()


def test_every_shell_gets_its_script(user_home: Path) -> None:
    """What a person puts into the start file of the shell asks `kb` by that variable."""
    for shell in ("bash", "zsh", "fish"):
        ended = subprocess.run(
            [sys.executable, "-m", "assistant"],
            capture_output=True,
            text=True,
            env={**environment(user_home / "kb"), "_KB_COMPLETE": f"{shell}_source"},
            check=True,
        )
        assert f"_KB_COMPLETE={shell}_complete" in ended.stdout


@given(names=st.lists(st.text(st.characters(exclude_characters=" \n"), min_size=1), min_size=1, max_size=4))
def test_words_come_together_again_at_colons(names: list[str]) -> None:
    """However bash parts a name at its colons, the person's word is whole again."""
    parted = ["kb"]
    for name in names:
        whole = name.strip(":") or "x"
        pieces = [piece for part in whole.split(":") for piece in (part, ":")][:-1]
        parted += [piece for piece in pieces if piece]
    assert join_at_colons(parted) == ["kb", *(name.strip(":") or "x" for name in names)]
