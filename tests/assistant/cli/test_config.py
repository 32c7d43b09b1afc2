"""Where the settings are, what they are, and whether they hold."""

import json
import stat
from itertools import pairwise
from pathlib import Path

import pytest

from assistant.cli.config_example import example, render
from assistant.config import Settings
from indexer.config import load_settings
from tests.assistant.cli.kb import kb

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_is_what_the_code_says() -> None:
    """`config.example.toml` holds every key with its default and explanation, in the code's words."""
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == example(), (
        "write it again: EDITOR=true KB_HOME=build kb config edit && mv build/config.toml config.example.toml"
    )


def test_the_example_loads_as_the_defaults() -> None:
    """Copying the example changes nothing."""
    assert load_settings(ROOT / "config.example.toml", Settings) == Settings()


def test_every_key_of_the_example_is_explained() -> None:
    """A line of explanation stands above each key and each table."""
    lines = [line for line in example().splitlines() if line]
    for above, line in pairwise(lines):
        if not line.startswith("#"):
            assert above.startswith("# "), line


def test_rendered_settings_load_as_they_were(tmp_path: Path) -> None:
    """What `kb config show` prints is a config file with the same settings."""
    settings = Settings.model_validate(
        {
            "index": {"exclude": ['a"b\\c', "*.é"], "max_file_mb": 7},
            "model": {"path": "/m/x y.gguf", "folders": ["/m"]},
            "answer": {"temperature": 1.5},
            "tui": {"keys": {"app.help": "f1,ctrl+b"}, "openers": {"pdf": "zathura -P {page} {path}"}},
        }
    )
    file = tmp_path / "config.toml"
    file.write_text(render(settings), encoding="utf-8")
    assert load_settings(file, Settings) == settings


def test_path_follows_the_home(tmp_path: Path) -> None:
    """`KB_HOME` moves the config file."""
    run = kb(tmp_path, "config", "path")
    assert (run.code, run.out) == (0, f"{tmp_path}/config.toml\n")


def test_show_prints_what_is_in_effect(tmp_path: Path) -> None:
    """Defaults and changes together, as TOML or JSON."""
    (tmp_path / "config.toml").write_text("[answer]\npassages = 9\n", encoding="utf-8")
    assert "passages = 9" in kb(tmp_path, "config", "show").out
    shown = json.loads(kb(tmp_path, "config", "show", "--json").out)
    assert shown["answer"]["passages"] == 9
    assert shown["index"]["max_file_mb"] == 64


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[answer]\npasages = 9\n",
            "kb: error: {file}: unknown key answer.pasages;"
            " allowed here: deep_steps, deep_time_s, max_tokens, passages, temperature,"
            " thinking, thinking_tokens, time_limit_s\n"
            "  run `kb config edit`\n",
        ),
        (
            "[anwser]\n",
            "kb: error: {file}: unknown key anwser;"
            " allowed here: answer, embedding, history, index, indexer, model, search, tui\n"
            "  run `kb config edit`\n",
        ),
        (
            "[answer]\npassages = 900\n",
            "kb: error: {file}: answer.passages = 900 is not allowed;"
            " it must be a whole number from 1 to 50\n"
            "  run `kb config edit`\n",
        ),
        (
            '[embedding]\ndevice = "tpu"\n',
            'kb: error: {file}: embedding.device = "tpu" is not allowed;'
            ' it must be "auto", "cuda", "mps" or "cpu"\n  run `kb config edit`\n',
        ),
        (
            "[answer]\npassages = \n",
            "kb: error: {file} is not valid TOML: Invalid value (at line 2, column 12)\n"
            "  run `kb config edit`\n",
        ),
    ],
)
def test_check_names_file_key_and_remedy(text: str, said: str, tmp_path: Path) -> None:
    """A wrong key or value names the file, the key, what was found and what is allowed; exit 2."""
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    run = kb(tmp_path, "config", "check")
    assert (run.code, run.out) == (2, "")
    assert run.err == said.format(file=file)


def test_ask_refuses_a_wrong_config_before_anything_starts(tmp_path: Path) -> None:
    """The person who types `kb ask` hears of the misspelt key, and no daemon is started for it."""
    (tmp_path / "config.toml").write_text("[answer]\npasages = 9\n", encoding="utf-8")
    run = kb(tmp_path, "ask", "anything")
    assert run.code == 2
    assert "unknown key answer.pasages" in run.err
    assert not (tmp_path / "run").exists()


def test_check_accepts_a_good_file(tmp_path: Path) -> None:
    """A good file is called fine, a missing one is no fault."""
    missing = kb(tmp_path, "config", "check").out
    assert missing == f"{tmp_path}/config.toml does not exist; every default holds\n"
    (tmp_path / "config.toml").write_text("[answer]\npassages = 9\n", encoding="utf-8")
    assert kb(tmp_path, "config", "check").out == f"{tmp_path}/config.toml is fine\n"


def editor(tmp_path: Path, script: str) -> dict[str, str]:
    """Return an environment whose $EDITOR runs a shell script on the file."""
    file = tmp_path / "my editor"
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return {"EDITOR": f"'{file}'"}


def test_edit_begins_with_the_example(tmp_path: Path) -> None:
    """A missing file is made with every default, and checked after the editor."""
    home = tmp_path / "new" / "home"
    run = kb(home, "config", "edit", environ=editor(tmp_path, 'sed -i "s/^passages = 6/passages = 8/" "$1"'))
    assert (run.code, run.out) == (0, f"{home}/config.toml is fine\n")
    assert load_settings(home / "config.toml", Settings).answer.passages == 8


def test_edit_reports_what_the_editor_left(tmp_path: Path) -> None:
    """A mistake made in the editor is named at once."""
    run = kb(tmp_path, "config", "edit", environ=editor(tmp_path, 'echo "[nonsense]" >> "$1"'))
    assert run.code == 2
    assert "unknown key nonsense" in run.err


def test_edit_without_an_editor_says_so(tmp_path: Path) -> None:
    """An editor that does not exist is named."""
    run = kb(tmp_path, "config", "edit", environ={"EDITOR": "no-such-editor"})
    assert run.code == 2
    assert run.err == "kb: error: cannot start the editor 'no-such-editor'\n  set $VISUAL or $EDITOR\n"
