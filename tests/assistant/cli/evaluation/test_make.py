"""`kb eval make`: the real command, daemon and models."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import kb
from tests.models.wired_gguf import write_scripted_model


def questions_of(text: str) -> list[dict[str, Any]]:
    """Read the questions of a set."""
    return [json.loads(line) for line in text.splitlines() if not line.startswith("#")]


def test_a_draft_made_by_rule_can_be_asked_as_it_is(home: Home, tmp_path: Path) -> None:
    """Every question is answered by its own source, and tells where it is from."""
    file = tmp_path / "questions.jsonl"
    ended = kb(home.path, "eval", "make", "--no-model", "--output", str(file), "-n", "8")
    assert ended.code == 0, ended.err
    assert ended.out == ""
    assert f"edit it, then run `kb eval run {file}`" in ended.err
    drafted = questions_of(file.read_text(encoding="utf-8"))
    answerable = [each for each in drafted if each["answerable"] == "yes"]
    by_question = {each["question"]: each for each in answerable}
    wifi = by_question["What is the wifi password of the cabin?"]
    assert wifi["answer"] == "blue-heron-77"
    assert (wifi["source"], wifi["place"]) == ("vault/sub/wifi.txt", "line 1")
    assert all(each["answer"] in each["quote"] for each in answerable)
    said = json.loads(kb(home.path, "eval", "run", str(file), "--no-model", "--json").out)
    assert said["bad_lines"] == []
    assert said["runs"][0]["figures"]["hit_at_5"]["mean"] == 1
    assert said["runs"][0]["figures"]["passage_hit_at_10"]["mean"] == 1


def test_a_file_that_exists_is_left_alone(home: Home, tmp_path: Path) -> None:
    """Somebody may have edited it."""
    file = tmp_path / "questions.jsonl"
    file.write_text("mine", encoding="utf-8")
    ended = kb(home.path, "eval", "make", "--no-model", "--output", str(file))
    assert ended.code == 2
    assert "exists, and may have been edited" in ended.err
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_model_writes_and_what_it_makes_up_is_left_out(home: Home, tmp_path: Path) -> None:
    """It always asks for the rent, which only one passage tells."""
    model = write_scripted_model(
        tmp_path / "asking.gguf",
        ['{"question": "How much is the rent of the cabin?", ', '"answer": "4,200 kr"', "}"],
    )
    ended = kb(home.path, "eval", "make", "--model", str(model), "--output", "-", "-n", "3")
    assert ended.code == 0, ended.err
    (made,) = questions_of(ended.out)
    assert (made["question"], made["answer"]) == ("How much is the rent of the cabin?", "4,200 kr")
    assert made["source"] == "vault/cabin.md"
    assert made["made_by"].startswith("asking")
    assert "3 questions were wanted, and no more came" in ended.err


@pytest.mark.parametrize("arguments", [["--no-model", "--model", "x"], ["-n", "0"], ["--in", "/nowhere"]])
def test_wrong_usage_is_said(arguments: list[str], home: Home) -> None:
    """Exit code 2, and nothing is written."""
    ended = kb(home.path, "eval", "make", "--output", "-", *arguments)
    assert ended.code == 2
    assert ended.out == ""
