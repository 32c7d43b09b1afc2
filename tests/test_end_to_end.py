"""From a folder of notes to a cited answer: the real daemon, Chroma, llama.cpp and command line.

The model is the tiny reader of `tests/models/tiny_reader`, which reads plain
facts. It runs greedily here, so that one question has one answer.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assistant.cli.kb import Run, kb
from tests.homes import short_home

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "tests" / "models" / "tiny_reader" / "tiny_reader.gguf"


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example vault, in a place where it may be changed."""
    return tmp_path_factory.mktemp("life") / "notes"


@pytest.fixture(scope="module")
def home(notes: Path) -> Iterator[Path]:
    """A home with the example vault indexed and the tiny reader configured."""
    with short_home() as places:
        shutil.copytree(ROOT / "examples" / "vault", notes)
        places.config_file.write_text(
            f"[model]\npath = '{MODEL}'\n[answer]\npassages = 3\ntemperature = 0\n", encoding="utf-8"
        )
        added = kb(places.home, "add", str(notes))
        assert added.code == 0, added.err
        yield places.home
        kb(places.home, "engine", "stop")
        kb(places.home, "indexer", "stop")


def ask(home: Path, question: str, *options: str) -> tuple[Run, dict[str, object]]:
    """Ask with `--json` and return how it ended and the object."""
    run = kb(home, "ask", "--json", *options, question)
    return run, json.loads(run.out)


@pytest.mark.parametrize(
    ("question", "note", "value"),
    [
        ("What is the wifi password of the cabin?", "home/cabin.md", "heron-lake-42"),
        ("What is the serial number of the boiler?", "home/boiler.md", "KX-20418"),
        ("What is the alarm code of the office?", "work/office.md", "9046"),
    ],
)
def test_a_question_is_answered_with_the_place_that_says_so(
    home: Path, notes: Path, question: str, note: str, value: str
) -> None:
    """The model finds the value in the right note, and the citation's lines hold it."""
    run, answer = ask(home, question)
    assert run.code == 0, run.err
    assert answer["answered"] is True
    assert answer["model"] == "tiny_reader.gguf"
    assert value in str(answer["answer"])
    citations = answer["citations"]
    assert isinstance(citations, list)
    assert len(citations) == 1
    cited = citations[0]
    assert cited["path"] == str(notes / note)
    assert value in cited["quote"]
    lines = Path(cited["path"]).read_text(encoding="utf-8").splitlines()
    locator = cited["locator"]
    assert value in "\n".join(lines[locator["line_start"] - 1 : locator["line_end"]])


def test_what_the_files_do_not_say_is_not_answered(home: Path) -> None:
    """A fact that no note holds gives exit code 1 and the nearest passages, no guess."""
    run, answer = ask(home, "What is the password of the library?")
    assert run.code == 1, run.out
    assert answer["answered"] is False
    assert answer["citations"] == []
    assert answer["passages"]


def test_the_text_answer_goes_to_stdout_with_its_sources(home: Path, notes: Path) -> None:
    """People get the sentence with its mark, a blank line, and the numbered place."""
    run = kb(home, "ask", "What is the wifi password of the cabin?")
    assert run.code == 0, run.err
    answer, _, sources = run.out.partition("\n\n")
    assert "heron-lake-42" in answer
    assert "[1]" in answer
    assert sources == f"[1] {notes}/home/cabin.md, line 5\n"
    assert run.err == ""


def test_without_a_model_the_files_answer_in_their_own_words(home: Path, notes: Path) -> None:
    """`--no-model` quotes the sentence that holds the fact, cited."""
    run, answer = ask(home, "When is the next service of the boiler?", "--no-model")
    assert run.code == 0, run.err
    assert answer["model"] is None
    assert "14 October" in str(answer["answer"])
    citations = answer["citations"]
    assert isinstance(citations, list)
    assert citations[0]["path"] == str(notes / "home" / "boiler.md")


def test_an_edit_is_found_after_the_next_sweep(home: Path, notes: Path) -> None:
    """`kb index` brings a changed file up to date: the new fact is found, the old one gone."""
    note = notes / "home" / "attic.md"
    note.write_text("# Attic\n\nThe colour of the attic door is marigold.\n", encoding="utf-8")
    assert kb(home, "index").code == 0
    assert "marigold" in kb(home, "search", "colour of the attic door").out
    note.write_text("# Attic\n\nThe colour of the attic door is turquoise.\n", encoding="utf-8")
    assert kb(home, "index").code == 0
    found = kb(home, "search", "colour of the attic door").out
    assert "turquoise" in found
    assert "marigold" not in found
    note.unlink()
    assert kb(home, "index").code == 0
    assert "attic.md" not in kb(home, "search", "colour of the attic door").out
