"""`kb ask` through the real daemon, the real engine, and models with a known answer."""

import json
import re
import signal
import threading
import time

import pytest

from assistant.config import ModelSettings
from assistant.engine.client import EngineClient, open_engine
from assistant.engine.types import ChatOptions
from assistant.types import Message
from indexer.paths import Places
from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import kb, on_terminal, start_kb
from tests.waiting import PATIENCE_S, wait_until

NO_MODEL = "kb: no model is set, so the answer is in your files' own words\n"


def test_the_answer_and_its_sources_are_printed(home: Home) -> None:
    """The model's words, without what could drive the terminal, then what its marks stand for."""
    run = kb(home.path, "ask", "--model", str(home.answering), "How much is the rent of the cabin?")
    assert (run.code, run.err) == (0, "")
    assert run.out == (f"The rent is 4,200 kr a month [1]. \n\n[1] {home.vault}/cabin.md, line 7\n")


def test_json_is_one_object(home: Home) -> None:
    """Everything a program needs, and nothing beside it on stdout."""
    run = kb(home.path, "ask", "--json", "--model", str(home.answering), "How much is the rent of the cabin?")
    assert run.code == 0
    answer = json.loads(run.out)
    assert answer["answered"] is True
    assert answer["answer"] == "The rent is 4,200 kr a month [1]. \x1b[2J"
    assert answer["citations"] == [
        {
            "n": 1,
            "path": f"{home.vault}/cabin.md",
            "locator": {"line_start": 7, "line_end": 7, "headings": ["Cabin"]},
            "quote": "The rent is 4,200 kr a month.",
        }
    ]
    assert answer["model"] == "answering.gguf"
    assert answer["passages"][0]["path"] == f"{home.vault}/cabin.md"
    assert {"search", "first_token", "total"} <= answer["timings_ms"].keys()
    assert time.time() - answer["as_of"] < 120
    assert answer["pending"] == 0


def test_a_refusal_exits_with_one(home: Home) -> None:
    """Nothing on stdout; stderr says so and shows the three nearest places."""
    run = kb(home.path, "ask", "--model", str(home.refusing), "Who painted the cabin?")
    assert (run.code, run.out) == (1, "")
    lines = run.err.splitlines()
    assert lines[0] == "kb: not in your files; nearest:"
    assert lines[1].startswith(f"[1] {home.vault}/cabin.md, line")
    assert sum(line.startswith("[") for line in lines) == 3


def test_a_refusal_in_json_is_an_empty_answer(home: Home) -> None:
    """`answered` is false, the text is empty, the nearest passages are there."""
    run = kb(home.path, "ask", "--json", "--model", str(home.refusing), "Who painted the cabin?")
    assert run.code == 1
    answer = json.loads(run.out)
    assert (answer["answered"], answer["answer"], answer["citations"]) == (False, "", [])
    assert len(answer["passages"]) == 3


def test_without_a_model_the_files_answer(home: Home) -> None:
    """The answer is a sentence of a file with its place, and one line says how to add a model."""
    run = kb(home.path, "ask", "What is the wifi password?")
    assert run.code == 0
    first, *_, last = run.out.splitlines()
    mark = re.fullmatch(r"The wifi password of the cabin is blue-heron-77\. (\[\d\])", first)
    assert mark
    assert f"{mark[1]} {home.vault}/sub/wifi.txt, line 1" in run.out
    assert last.startswith("[")
    assert (
        run.err
        == NO_MODEL + "  `kb models` lists those on this machine, `kb models use NAME` takes one of them\n"
    )


def test_no_model_is_silent_when_asked_for(home: Home) -> None:
    """`--no-model` needs no advice."""
    run = kb(home.path, "ask", "--no-model", "--json", "What is the wifi password?")
    assert (run.code, run.err) == (0, "")
    assert json.loads(run.out)["model"] is None


def test_without_a_model_what_nothing_speaks_of_is_refused(home: Home) -> None:
    """Far-off passages are shown as such, not passed off as an answer."""
    run = kb(home.path, "ask", "--no-model", "Which submarine won the chess olympiad?")
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith("kb: not in your files; nearest:\n")
    # a model would not know it either.
    assert kb(home.path, "ask", "Which submarine won the chess olympiad?").err == run.err


def test_the_question_may_come_from_stdin(home: Home) -> None:
    """Without arguments the piped text is the question."""
    run = kb(home.path, "ask", "--no-model", "--json", stdin="What is the wifi\npassword?\n")
    assert "blue-heron-77" in json.loads(run.out)["answer"]


def test_piped_text_comes_along(home: Home) -> None:
    """Beside a question, the model is shown what was piped; without a model the person is told."""
    asked = kb(
        home.path,
        "ask",
        "--json",
        "--model",
        str(home.answering),
        "What do they want?",
        stdin="pay the landlord",
    )
    assert asked.code == 0
    paths = [passage["path"] for passage in json.loads(asked.out)["passages"]]
    # the two best stand at the edges.
    assert f"{home.vault}/lease.md" in (paths[0], paths[-1])
    told = kb(home.path, "ask", "--no-model", "wifi password", stdin="pay the landlord")
    assert told.err == "kb: reading the text with the question takes a model; this is what your files say\n"


def test_only_some_passages_are_read_when_asked(home: Home) -> None:
    """`-n` overrides the config, `--in` narrows the search."""
    run = kb(
        home.path, "ask", "--no-model", "--json", "-n", "1", "--in", str(home.vault / "lease.md"), "landlord"
    )
    passages = json.loads(run.out)["passages"]
    assert [passage["path"] for passage in passages] == [f"{home.vault}/lease.md"]


def test_the_configured_model_answers(home: Home) -> None:
    """`[model] path` is what `kb ask` uses without being told."""
    config = home.path / "config.toml"
    config.write_text(f'[model]\npath = "{home.answering}"\n', encoding="utf-8")
    try:
        run = kb(home.path, "ask", "--json", "How much is the rent?")
        assert json.loads(run.out)["model"] == "answering.gguf"
    finally:
        config.unlink()


def test_ctrl_c_during_an_answer_stops_the_model(home: Home) -> None:
    """The engine is told to stop, one line says so, and the exit code is 130."""
    process = start_kb(home.path, "ask", "--model", str(home.endless), "Tell me of the cabin.")
    assert process.stdout is not None
    begin = process.stdout.read(10)
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err.decode()) == (130, "kb: stopped; the answer is not complete\n")
    assert (begin + rest).decode().startswith("and so on,")
    engine = EngineClient(Places(config_file=home.path / "config.toml", home=home.path))
    wait_until(lambda: not engine.status()["busy"], what="the engine no longer writes for nobody")


def test_a_terminal_shows_what_goes_on_and_clickable_sources(home: Home) -> None:
    """On a terminal a line tells of the reading and is wiped, and sources are links with short names."""
    question = ("ask", "--no-model", "What is the wifi password?")
    text = on_terminal(home.path, "-m", "assistant", *question, environ={"TERM": "xterm-256color"})
    assert "\r\x1b[Ksearching…" in text
    assert f"\x1b]8;;file://{home.vault}/sub/wifi.txt\x1b\\vault/sub/wifi.txt\x1b]8;;\x1b\\, line 1" in text
    assert text.rfind("\x1b[K") < text.index("The wifi password")


def test_a_terminal_shows_where_the_model_stands(home: Home) -> None:
    """While it reads, a line says what computes; the answer stands on a line that was wiped."""
    question = ("ask", "--model", str(home.answering), "How much is the rent of the cabin?")
    text = on_terminal(home.path, "-m", "assistant", *question, environ={"TERM": "xterm-256color"})
    assert re.search(r"\x1b\[Kreading \d passages… · (CPU only|GPU: )", text)
    assert text.rfind("\x1b[K") < text.index("The rent is 4,200")


def test_who_waits_for_another_answer_is_told(home: Home) -> None:
    """The line says how many go before, then that it reads, then comes the answer."""
    places = Places(config_file=home.path / "config.toml", home=home.path)
    engine = open_engine(places, ModelSettings(path=str(home.endless)))
    first = engine.chat([Message("user", "count")], ChatOptions(max_tokens=100_000, temperature=0))
    next(first)

    def give_way() -> None:
        wait_until(lambda: bool(engine.status()["queued"]), what="the other one waits")
        first.close()  # type: ignore[attr-defined]

    config = home.path / "config.toml"
    config.write_text("[answer]\nmax_tokens = 16\n", encoding="utf-8")
    giving_way = threading.Thread(target=give_way)
    giving_way.start()
    try:
        question = ("ask", "--model", str(home.endless), "How much is the rent of the cabin?")
        text = on_terminal(home.path, "-m", "assistant", *question, environ={"TERM": "xterm-256color"})
    finally:
        giving_way.join()
        config.unlink()
    assert text.index("waiting: 1 answer before yours") < text.index("and so on,")


def test_thoughts_are_shown_on_request(home: Home) -> None:
    """On stderr, apart from the answer; otherwise nobody sees them."""
    question = "How much is the rent of the cabin?"
    run = kb(home.path, "ask", "--model", str(home.thinking), "--show-thinking", question)
    assert (run.code, run.err) == (0, "Cabin or lease?\n\n")
    assert run.out.startswith("4,200 kr [1].\n")
    assert kb(home.path, "ask", "--model", str(home.thinking), question).err == ""


def test_a_model_that_only_thinks_is_one_sentence(home: Home) -> None:
    """Its thoughts are no answer, and the files are not said to lack one."""
    run = kb(home.path, "ask", "--model", str(home.brooding), "--json", "How much is the rent?")
    assert (run.code, run.out) == (4, "")
    assert run.err.startswith("kb: error: the model ended with its thoughts and wrote no answer\n")


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_is_refused(question: str, home: Home) -> None:
    """Nothing is asked of nobody: exit code 2 and one sentence."""
    run = kb(home.path, "ask", question)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("kb: error: the question is empty\n  ask something")


def test_bytes_that_are_no_text_are_asked_as_such(home: Home) -> None:
    """A question in another encoding reaches the model with marks of what could not be read."""
    run = kb(home.path, "ask", "--json", "--model", str(home.answering), "rent \udcff of the cabin?")
    assert (run.code, run.err) == (0, "")
    assert json.loads(run.out)["answered"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--in", "", "rent"], "an empty name is no folder or file"),
        (["--model", "", "rent"], "--model needs the name or the path of a GGUF\n  `kb models` lists them"),
    ],
)
def test_an_empty_name_is_a_misuse(arguments: list[str], said: str, home: Home) -> None:
    """An unset variable of a script does not silently mean the present folder, or no model."""
    run = kb(home.path, "ask", *arguments)
    assert (run.code, run.out, run.err) == (2, "", f"kb: error: {said}\n")


def test_a_piped_question_may_not_be_a_book(home: Home) -> None:
    """What is wrong is said in one sentence, and how it is meant to be done in another."""
    run = kb(home.path, "ask", stdin="x" * 5_000_000)
    assert (run.code, run.out) == (2, "")
    assert run.err == (
        "kb: error: the question is 5,000,000 characters long, and 150,000 can be read\n"
        '  long text can be piped in beside a question, as in `kb ask "what is this about?" < FILE`\n'
    )
    run = kb(home.path, "ask", "what is this?", stdin="x" * 17_000_000)
    assert (run.code, run.err) == (
        2,
        "kb: error: more than 16 MB were piped in, which no model reads\n",
    )
