"""Questions about a file and about the library, and deep search, through the real command line."""

import json
from pathlib import Path

import pytest

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import kb, on_terminal
from tests.models.wired_gguf import write_random_model


@pytest.fixture
def babbling(home: Home, tmp_path: Path) -> Path:
    """Return a model with random weights: it writes letters until a grammar or a limit ends it."""
    return write_random_model(tmp_path / "babbling.gguf")


def test_a_file_is_summarised_in_its_own_words(home: Home) -> None:
    """By its name, or by `--in`; each sentence with its line, nothing from other files."""
    for question in (["summarise cabin.md"], ["--in", str(home.vault / "cabin.md"), "summarise"]):
        run = kb(home.path, "ask", "--no-model", *question)
        assert (run.code, run.err) == (0, "")
        assert run.out == (
            "The cabin was bought in 1987 by Ada Lindqvist. [1]\n"
            "Rent: The rent is 4,200 kr a month. [1]\n\n"
            f"[1] {home.vault}/cabin.md, line 3; line 7\n"
        )


def test_a_file_is_read_as_a_whole_by_the_model(home: Home) -> None:
    """All of it, whatever the question shares with it, and the line of what was cited is exact."""
    run = kb(home.path, "ask", "--json", "--model", str(home.answering), "tl;dr of cabin.md")
    assert run.code == 0
    answer = json.loads(run.out)
    assert {Path(passage["path"]).name for passage in answer["passages"]} == {"cabin.md"}
    assert answer["citations"][0]["locator"]["line_start"] == 7


def test_files_are_listed_and_counted(home: Home) -> None:
    """One line for each file, with its date and its sentence, and where that stands."""
    run = kb(home.path, "ask", "--no-model", "which files mention the cabin?")
    assert (run.code, run.err) == (0, "")
    first, *lines = run.out.splitlines()
    assert first == "2 files mention the cabin."
    assert any(
        "vault/sub/wifi.txt: The wifi password of the cabin is blue-heron-77. [" in line for line in lines
    )
    run = kb(home.path, "ask", "--no-model", "--json", "how many notes mention Oskar Berg?")
    assert json.loads(run.out)["answer"].startswith("1 file mentions Oskar Berg.\n")


def test_a_name_that_nothing_has_is_told(home: Home) -> None:
    """On stderr; the answer is from all files then."""
    run = kb(home.path, "ask", "--no-model", "what does treaty.pdf say about the landlord?")
    assert run.err.startswith("kb: no indexed file is called treaty.pdf; this is from all of them\n")


def test_a_model_of_random_weights_can_search_deeply(home: Home, babbling: Path) -> None:
    """It follows the grammar; every step is a line on stderr and stands in the object."""
    config = home.path / "config.toml"
    config.write_text("[answer]\nmax_tokens = 16\ndeep_steps = 3\n", encoding="utf-8")
    try:
        run = kb(home.path, "ask", "--deep", "--json", "--model", str(babbling), "Who bought the cabin?")
    finally:
        config.unlink()
    assert run.code in {0, 1}, run.err
    answer = json.loads(run.out)
    told = [line.removeprefix("kb: ") for line in run.err.splitlines()]
    assert answer["steps"][0].startswith("searched for “Who bought the cabin?”: ")
    assert 1 <= len(answer["steps"]) <= 4
    assert [line for line in told if line.startswith("searched for ")] == answer["steps"]


def test_a_deep_search_shows_its_steps_on_a_terminal(home: Home) -> None:
    """A model that writes no object ends the searching, and answers from what is there."""
    question = ("ask", "--deep", "--model", str(home.answering), "How much is the rent of the cabin?")
    text = on_terminal(home.path, "-m", "assistant", *question, environ={"TERM": "xterm-256color"})
    assert "\x1b[Kchoosing what to search for…" in text
    kept = text.index("kb: searched for “How much is the rent of the cabin?”: ")
    assert kept < text.index("The rent is 4,200 kr")


def test_a_deep_search_without_a_model_is_an_ordinary_one(home: Home) -> None:
    """Which is told."""
    run = kb(home.path, "ask", "--deep", "--no-model", "What is the wifi password?")
    assert (run.code, run.err) == (0, "kb: a deep search takes a model; this is from a single search\n")
