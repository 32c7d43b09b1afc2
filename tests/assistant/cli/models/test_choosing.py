"""`kb models use`: choosing a model, which the config file says from then on."""

import json
import tomllib
from pathlib import Path

import pytest

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
