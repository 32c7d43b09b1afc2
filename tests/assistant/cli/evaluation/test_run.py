"""`kb eval run`: the real command, daemon and models."""

import json
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import Run, kb, on_terminal, start_kb

QUESTIONS: Sequence[Mapping[str, Any]] = (
    {"question": "How much is the rent of the cabin?", "answer": "4,200 kr", "source": "cabin.md"},
    {"question": "What is the phone of the landlord?", "answer": "070-123456", "source": "vault/lease.md"},
    {
        "question": "What is the wifi password of the cabin?",
        "answer": "blue-heron-77",
        "source": "sub/wifi.txt",
    },
    {"question": "Who sold the cabin?", "answerable": False, "category": "none"},
)


def write_set(folder: Path, *more: str) -> Path:
    """Write the questions, and lines as they are."""
    file = folder / "questions.jsonl"
    file.write_text("".join(f"{line}\n" for line in (*map(json.dumps, QUESTIONS), *more)), encoding="utf-8")
    return file


def evaluated(home: Home, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run with `--json`."""
    ended = kb(home.path, "eval", "run", *arguments, "--json")
    assert ended.code == code, ended.err
    value: dict[str, Any] = json.loads(ended.out)
    return value


def test_a_set_is_asked_and_summed_up(home: Home, tmp_path: Path) -> None:
    """Without a model: files found, cited and quoted, and the unanswerable question refused."""
    said = evaluated(home, str(write_set(tmp_path)), "--no-model", "--by", "category")
    (run,) = said["runs"]
    figures = run["figures"]
    assert said["is_complete"]
    assert run["model"] is None
    assert figures["questions"] == 4
    assert figures["hit_at_1"] == {
        "mean": 1.0,
        "low": figures["hit_at_1"]["low"],
        "high": 1.0,
        "questions": 3,
    }
    assert figures["containment"]["questions"] == 3
    assert figures["containment"]["mean"] > 0.5
    assert figures["refusal_recall"]["mean"] == 1.0
    assert 0 < figures["p50_ms"]["search"] <= figures["p50_ms"]["total"] <= figures["p95_ms"]["total"]
    assert figures["tokens_per_s"] == 0
    assert run["by"]["none"]["questions"] == 1


def test_questions_are_asked_again_without_their_sources(home: Home, tmp_path: Path) -> None:
    """Three of the four have any; what is left of the files does not answer them."""
    said = evaluated(home, str(write_set(tmp_path)), "--no-model", "--without-sources")
    figures = said["runs"][0]["figures"]
    assert figures["questions"] == 7
    assert figures["refusal_recall"]["questions"] == 4
    assert figures["hit_at_1"]["questions"] == 3


def test_bad_lines_are_named_and_tell_in_the_exit_code(home: Home, tmp_path: Path) -> None:
    """The others are asked all the same."""
    file = write_set(tmp_path, "[]", '{"question": ""}')
    ended = kb(home.path, "eval", "run", str(file), "--no-model", "--limit", "1")
    assert ended.code == 2
    assert "kb: questions.jsonl, line 5: it is not a JSON object\n" in ended.err
    assert "kb: questions.jsonl, line 6: its question is empty\n" in ended.err
    assert ended.out.startswith("1 question of questions.jsonl, answered in the files' own words\n")
    assert "found\thit@1\t1.000\t" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{tmp}/none.jsonl"], "none.jsonl: no such file or directory"),
        (["{tmp}/empty.jsonl"], "empty.jsonl holds no question"),
        (["{tmp}/questions.jsonl", "--by", "colour"], "no question has a field 'colour'"),
        (
            ["{tmp}/questions.jsonl", "--compare", "{tmp}/questions.jsonl"],
            "holds no results of an earlier run",
        ),
        (["{tmp}/questions.jsonl", "--model", "x", "--no-model"], "--model excludes --models and --no-model"),
        (["{tmp}/questions.jsonl", "--corpus", "{tmp}/questions.jsonl"], "is no folder"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_sentence(
    arguments: list[str], said: str, home: Home, tmp_path: Path
) -> None:
    """Exit code 2, and nothing on stdout."""
    write_set(tmp_path)
    (tmp_path / "empty.jsonl").touch()
    ended = kb(home.path, "eval", "run", *(each.format(tmp=tmp_path) for each in arguments))
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""


def test_sources_that_are_not_indexed_are_named(home: Home, tmp_path: Path) -> None:
    """Nothing can be found there, which is no fault of the search."""
    file = tmp_path / "set.jsonl"
    file.write_text(json.dumps({"question": "How much is the rent?", "source": "gone.md"}), encoding="utf-8")
    ended = kb(home.path, "eval", "run", str(file), "--no-model", "--show", "failures")
    assert "kb: 1 source is not indexed: gone.md\n" in ended.err
    assert "line 1  the source is not indexed\n" in ended.out


def test_results_are_written_and_compared_with_later_ones(home: Home, tmp_path: Path) -> None:
    """A line for each question; a second run of the same differs in nothing."""
    file, kept = write_set(tmp_path), tmp_path / "results.jsonl"
    evaluated(home, str(file), "--no-model", "--output", str(kept))
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    assert [line["question"] for line in lines] == [each["question"] for each in QUESTIONS]
    assert lines[0]["got"]["citations"][0]["path"].endswith("/cabin.md")
    said = evaluated(home, str(file), "--no-model", "--compare", str(kept))
    differences = said["runs"][0]["differences"]
    assert {each["figure"] for each in differences} >= {"hit_at_1", "f1", "decision"}
    assert {(each["better"], each["worse"], each["chance"]) for each in differences} == {(0, 0, 1.0)}


def test_failures_are_listed_with_what_was_expected(home: Home, tmp_path: Path) -> None:
    """A model that always says the same is right once."""
    file = write_set(tmp_path)
    ended = kb(home.path, "eval", "run", str(file), "--model", str(home.answering), "--show", "failures")
    assert ended.code == 0, ended.err
    assert "line 2  " in ended.out
    assert "line 4  answered, although the files do not say it\n" in ended.out
    assert "line 1 " not in ended.out
    assert "  question  What is the phone of the landlord?\n  expected  070-123456\n" in ended.out


def test_models_are_compared_on_the_same_passages(home: Home, tmp_path: Path) -> None:
    """One line for each, with what it takes; one that is missing costs only itself, before anything runs."""
    file = write_set(tmp_path)
    names = f"{home.answering},{home.refusing}"
    said = evaluated(home, str(file), "--models", names, "--no-model", "--limit", "2")
    runs = {run["model"]: run for run in said["runs"]}
    assert list(runs) == [None, "answering", "refusing"]
    assert runs["answering"]["cost"]["size_bytes"] == home.answering.stat().st_size
    assert runs["answering"]["cost"]["ram_bytes"] > 0
    assert runs["answering"]["cost"]["licence"] == "unknown"
    assert runs["refusing"]["figures"]["containment"]["mean"] == 0
    assert runs["refusing"]["figures"]["refusal_precision"]["mean"] == 0
    hits = [run["figures"]["hit_at_1"] for run in said["runs"]]
    assert hits == [hits[0]] * 3
    missing = kb(home.path, "eval", "run", str(file), "--models", "answering,nobody")
    assert missing.code == 4
    assert "there is no model" in missing.err


def test_a_folder_that_is_not_indexed_can_be_asked(home: Home, tmp_path: Path) -> None:
    """It is indexed apart, and nothing of it is left: neither in the index nor on the disk."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "opera.md").write_text("# Opera\n\nThe opera was directed by Mona Falk.\n", encoding="utf-8")
    file = tmp_path / "set.jsonl"
    question = {"question": "Who directed the opera?", "answer": "Mona Falk", "source": "opera.md"}
    file.write_text(json.dumps(question), encoding="utf-8")
    said = evaluated(home, str(file), "--no-model", "--corpus", str(corpus))
    assert said["runs"][0]["figures"]["containment"]["mean"] == 1
    assert not [roots for roots in Path("/tmp").glob("kb-*/roots.json") if str(corpus) in roots.read_text()]
    assert str(corpus) not in kb(home.path, "roots").out


def test_ctrl_c_shows_what_there_is_so_far(home: Home, tmp_path: Path) -> None:
    """The figures of the questions that were asked, and how many those are."""
    file = tmp_path / "many.jsonl"
    file.write_text("".join(f"{json.dumps({'question': f'Rent of room {n}?'})}\n" for n in range(4000)))
    kept = tmp_path / "results.jsonl"
    with start_kb(home.path, "eval", "run", str(file), "--no-model", "--output", str(kept)) as running:
        while running.poll() is None and not (kept.exists() and kept.stat().st_size):
            pass
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"kb: stopped; these are the figures of " in err
    assert b" of 4,000 questions\n" in err
    assert b"answered in the files' own words" in out


def test_a_terminal_gets_a_list_that_fits(home: Home, tmp_path: Path) -> None:
    """No line is wider than the terminal's 80 columns."""
    file = write_set(tmp_path)
    command = ["-m", "assistant", "eval", "run", str(file), "--no-model", "--by", "answerable"]
    shown = on_terminal(home.path, *command, environ={"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80"})
    lines = [line.rpartition("\x1b[K")[2].rstrip("\r") for line in shown.split("\n")]
    assert any(line.startswith("found    hit@1") for line in lines)
    assert any(line.startswith("ANSWERABLE  ASKED  HIT@1") for line in lines)
    assert max(map(len, lines)) <= 80


def test_nothing_of_it_is_remembered(home: Home, tmp_path: Path) -> None:
    """Questions of a set are no conversation."""
    file = write_set(tmp_path)
    before: Run = kb(home.path, "history", "list", "--json")
    evaluated(home, str(file), "--no-model")
    assert kb(home.path, "history", "list", "--json").out == before.out
