"""`kb models use`: choosing a model, and the one line of the config that changes."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.cli.models.setting import with_value
from tests.assistant.cli.models.conftest import Person
from tests.assistant.engine.models.programs import needs_bare_machine

pytestmark = needs_bare_machine

CONFIG = """\
# mine
[answer]
passages = 9 # enough

[model] # the big one
path = 'old.gguf'  # was good
folders = [
  "/a", # path = "no"
]
"""


def test_the_choice_is_written(person: Person) -> None:
    """A file is written by its path, and `kb models list` marks it."""
    run = person.kb("models", "use", "wired")
    assert run.code == 0, run.err
    assert run.out == "questions are answered by Wired-1B-Instruct-F16 from now on\n"
    path = tomllib.loads(person.config.read_text(encoding="utf-8"))["model"]["path"]
    assert Path(path).name == "Wired-1B-Instruct-F16.gguf"
    listed = json.loads(person.kb("models", "list", "--json").out)
    assert [one["name"] for one in listed if one["is_configured"]] == ["Wired-1B-Instruct-F16"]
    person.config.unlink()


def test_ollamas_name_is_written(person: Person) -> None:
    """An update puts another blob behind the same name."""
    assert person.kb("models", "use", "tiny:1m").code == 0
    assert tomllib.loads(person.config.read_text(encoding="utf-8")) == {"model": {"path": "tiny:1m"}}
    person.config.unlink()


def test_a_link_to_the_config_stays(person: Person) -> None:
    """Whoever keeps dotfiles elsewhere keeps them there, with their mode."""
    real = person.home / "dotfiles.toml"
    real.write_text(CONFIG, encoding="utf-8")
    real.chmod(0o640)
    person.config.symlink_to(real)
    assert person.kb("models", "use", "tiny").code == 0
    assert person.config.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_text(encoding="utf-8") == CONFIG.replace("'old.gguf'", '"tiny:1m"')
    person.config.unlink()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nomic", "nomic-embed is an embedding model, which finds text and writes none"),
        ("mmproj", "mmproj-F16 is an image projector, which belongs to another model"),
        ("half", "half does not load: half.gguf is cut short"),
        ("wird", "there is no model wird; did you mean Wired-1B-Instruct-F16?"),
    ],
)
def test_what_cannot_answer_is_refused(name: str, said: str, person: Person) -> None:
    """The sentence says what it is instead, and the config stays as it was."""
    run = person.kb("models", "use", name)
    assert run.code == 4
    assert run.err.startswith(f"kb: error: {said}")
    assert not person.config.exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[model]\npath = "n"\n'),
        ("[answer]\npassages = 1\n", '[answer]\npassages = 1\n\n[model]\npath = "n"\n'),
        ("[answer]\npassages = 1", '[answer]\npassages = 1\n\n[model]\npath = "n"\n'),
        ("[model]", '[model]\npath = "n"\n'),
        ("[model]\nthreads = 2\n", '[model]\npath = "n"\nthreads = 2\n'),
        ("[model]\r\n# path = 'x'\r\n", "[model]\r\npath = \"n\"\r\n# path = 'x'\r\n"),
        ('[model]\npath="a\\"b" # c\n', '[model]\npath="n" # c\n'),
        ('model.path = "a"\n', 'model.path = "n"\n'),
        ('[other]\npath = "x"\n[model]\npath = "y"\n', '[other]\npath = "x"\n[model]\npath = "n"\n'),
        (CONFIG, CONFIG.replace("'old.gguf'", '"n"')),
    ],
)
def test_one_value_changes_and_nothing_else(before: str, after: str) -> None:
    """Comments, order and line ends stay."""
    assert with_value(before, "model", "path", "n") == after


def test_a_file_in_another_style_is_left_alone() -> None:
    """An inline table is not taken apart."""
    assert with_value('model = { path = "a" }\n', "model", "path", "n") is None


@given(value=st.text(st.characters(codec="utf-8")), old=st.text(st.characters(codec="utf-8")))
def test_any_text_is_written_as_it_is(value: str, old: str) -> None:
    """Whatever a path holds, the file says it afterwards, and the rest as before."""
    text = f"# {old!r}\n[answer]\npassages = 3\n[model]\npath = {json.dumps('x')} # y\n"
    changed = with_value(text, "model", "path", value)
    assert changed is not None
    assert tomllib.loads(changed) == {"answer": {"passages": 3}, "model": {"path": value}}
    assert changed.endswith(" # y\n")
