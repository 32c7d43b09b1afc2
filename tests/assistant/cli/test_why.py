"""`kb why` through a real daemon."""

import json
import os

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import kb


def test_what_can_be_found_is_an_answer(home: Home) -> None:
    """A file and a folder, by a relative path and by one below the person's own folder."""
    run = kb(home.path, "why", str(home.vault / "cabin.md"))
    assert run.code == 0
    said = dict(line.split("\t", 1) for line in run.out.splitlines())
    assert said["state"].startswith("indexed, since ")
    assert (said["folder"], said["chunks"]) == (str(home.vault), "1")
    folder = json.loads(kb(home.path, "why", "--json", os.path.relpath(home.vault)).out)
    assert (folder["state"], folder["files"]["indexed"]) == ("folder", 5)
    own = {"HOME": str(home.vault.parent)}
    assert kb(home.path, "why", "~/vault/cabin.md", environ=own).code == 0


def test_what_cannot_be_found_exits_with_1(home: Home) -> None:
    """Each with its reason on stdout: not indexed, not there, kb's own."""
    outside = kb(home.path, "why", "/usr/bin")
    assert outside.code == 1
    assert "hint\t`kb add /usr/bin` indexes it\n" in outside.out
    assert "reason\tit does not exist\n" in kb(home.path, "why", str(home.vault / "no.md")).out
    own = kb(home.path, "why", str(home.path / "catalog.sqlite"))
    assert own.code == 1
    assert "state\tnever indexed\n" in own.out


def test_a_name_that_is_not_utf8_is_asked_for_by_its_bytes(home: Home) -> None:
    """What the shell passes on is what is looked for."""
    odd = os.fsdecode(b"caf\xe9.md")
    run = kb(home.path, "why", "--json", str(home.vault / odd))
    assert (run.code, json.loads(run.out)["state"]) == (1, "missing")
    assert json.loads(run.out)["path"] == str(home.vault / odd)


def test_an_empty_name_is_a_wrong_path(home: Home) -> None:
    """As from a variable of a script that is not set."""
    run = kb(home.path, "why", "")
    assert (run.code, run.err) == (2, "kb: error: an empty name is no file\n")


def test_a_person_who_does_not_exist_is_a_wrong_path(home: Home) -> None:
    """One sentence and no traceback."""
    run = kb(home.path, "why", "~nobody-of-this-name/a.md")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("kb: error: ")
    assert "Traceback" not in run.err
