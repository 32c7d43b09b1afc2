"""Tests of the engine as a face sees it: a real process, a real llama.cpp, real crashes."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from assistant.engine.client import EngineClient, open_engine
from assistant.engine.launch import EXIT_ANOTHER_RUNS, is_listening
from assistant.engine.types import ChatOptions, Delta, Finished
from assistant.errors import (
    EngineCrashedError,
    EngineUnavailableError,
    ModelFileError,
    ModelNotFoundError,
    PromptTooLongError,
)
from assistant.types import Message
from indexer.paths import Places
from tests.assistant.engine.conftest import settings_for
from tests.waiting import wait_until

QUESTION = [Message("user", "What is 6 times 7?")]
ANSWER = "It is 42 café."


def ask(client: EngineClient, messages: list[Message] = QUESTION, *, max_tokens: int = 100) -> str:
    """Return the answer's text."""
    events = client.chat(messages, ChatOptions(max_tokens=max_tokens, temperature=0))
    return "".join(event.text for event in events if isinstance(event, Delta) and event.kind == "text")


def test_an_answer_streams_with_its_thinking_apart(shared_engine: EngineClient) -> None:
    """Thinking and text arrive as they are written, then how it ended."""
    *deltas, finished = shared_engine.chat(QUESTION, ChatOptions(max_tokens=100, temperature=0))
    pieces = [delta for delta in deltas if isinstance(delta, Delta)]
    assert "".join(delta.text for delta in pieces if delta.kind == "thinking") == "I guess"
    assert "".join(delta.text for delta in pieces if delta.kind == "text") == ANSWER
    assert isinstance(finished, Finished)
    assert (finished.reason, finished.usage.completion_tokens) == ("stop", 13)
    assert set(finished.timings_ms) == {"queue", "prompt", "generation"}


def test_an_answer_that_reaches_its_limit_says_so(shared_engine: EngineClient) -> None:
    """The caller learns that there would have been more."""
    *_, finished = shared_engine.chat(QUESTION, ChatOptions(max_tokens=2, temperature=0))
    assert isinstance(finished, Finished)
    assert finished.reason == "length"


def test_a_repeated_prompt_is_mostly_in_the_cache(shared_engine: EngineClient) -> None:
    """The usage says how much was not read again."""
    ask(shared_engine)
    *_, finished = shared_engine.chat(QUESTION, ChatOptions(max_tokens=2, temperature=0))
    assert isinstance(finished, Finished)
    assert finished.usage.cached_tokens == finished.usage.prompt_tokens - 1


def test_control_tokens_in_messages_stay_text(shared_engine: EngineClient) -> None:
    """A document cannot end its own message: its marks are read as the letters they are."""

    def prompt_tokens(text: str) -> int:
        *_, finished = shared_engine.chat([Message("user", text)], ChatOptions(max_tokens=1, temperature=0))
        assert isinstance(finished, Finished)
        return finished.usage.prompt_tokens

    mark = "<|im_end|>"
    assert prompt_tokens(mark) - prompt_tokens("-") == len(mark) - 1


def test_tokens_are_counted(shared_engine: EngineClient) -> None:
    """As the model reads them: here one for each byte, and `th` as one."""
    assert shared_engine.count_tokens("the café") == 8


def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(shared_engine: EngineClient) -> None:
    """Nothing is cut off in silence."""
    with pytest.raises(PromptTooLongError) as caught:
        ask(shared_engine, [Message("user", "x" * 100_000)])
    assert caught.value.message == (
        "the prompt is 100,019 tokens long, and the context of scripted.gguf holds 8,192"
    )
    assert caught.value.hint == "ask with fewer passages; the model takes no more"


def test_a_context_that_could_be_longer_is_named_as_the_remedy(places: Places, scripted_model: Path) -> None:
    """A person who asked for a short one learns which setting that was."""
    client = open_engine(places, settings_for(scripted_model, context_tokens=1024))
    with pytest.raises(PromptTooLongError) as caught:
        ask(client, [Message("user", "x" * 2000)])
    assert "holds 1,024" in caught.value.message
    assert caught.value.hint == "ask with fewer passages, or set [model] context_tokens higher"


def test_the_status_is_honest(shared_engine: EngineClient, scripted_model: Path) -> None:
    """Model, context and device as they are, and whether the build could use a GPU."""
    status = shared_engine.wait_ready()
    assert (status["state"], status["model"], status["architecture"]) == (
        "ready",
        str(scripted_model),
        "llama",
    )
    assert (status["context_tokens"], status["layers"]) == (8192, 2)
    if not status["is_gpu_build"]:
        assert (status["device"], status["gpu_layers"]) == ("CPU", 0)


def test_two_clients_wait_for_each_other(shared_engine: EngineClient) -> None:
    """Answers asked for at the same time are all complete."""
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(shared_engine))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [ANSWER] * 4


def test_closing_the_answer_stops_the_model(places: Places, endless_model: Path) -> None:
    """Whoever stops reading stops the engine too, and it answers the next question."""
    client = open_engine(places, settings_for(endless_model))
    events = client.chat(QUESTION, ChatOptions(max_tokens=8000, temperature=0))
    first = next(events)
    assert isinstance(first, Delta)
    assert first.text.startswith("0 ")
    assert client.status()["busy"]
    events.close()  # type: ignore[attr-defined]
    wait_until(lambda: not client.status()["busy"], what="the engine is idle")
    assert ask(client, max_tokens=3) == "0 1 2 "


def test_a_client_that_gives_up_waiting_leaves_the_queue(places: Places, endless_model: Path) -> None:
    """A question that waits for another one can be taken back."""
    client = open_engine(places, settings_for(endless_model))
    first = client.chat(QUESTION, ChatOptions(max_tokens=8000, temperature=0))
    next(first)
    waiting = threading.Thread(target=lambda: ask(EngineClient(places), max_tokens=1))
    waiting.start()
    wait_until(lambda: client.status()["queued"] == 1, what="one question waits")
    first.close()  # type: ignore[attr-defined]
    waiting.join()
    wait_until(lambda: client.status()["answers"] == 2, what="both are done")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGSEGV, ": Segmentation fault"),
        (signal.SIGABRT, ": Aborted"),
        (signal.SIGKILL, ": it was killed from outside"),
    ],
)
def test_a_crash_is_one_sentence_and_the_next_question_works(
    places: Places, endless_model: Path, number: signal.Signals, reason: str
) -> None:
    """The face survives the engine, says what happened, and starts another."""
    client = open_engine(places, settings_for(endless_model))
    events = client.chat(QUESTION, ChatOptions(max_tokens=8000, temperature=0))
    next(events)
    os.kill(client.status()["pid"], number)
    with pytest.raises(EngineCrashedError) as caught:
        for _ in events:
            pass
    assert caught.value.message == f"the engine ended in the middle of the answer{reason}"
    assert caught.value.hint == f"ask again, which starts it anew; its log is {places.log_dir / 'engine.log'}"
    assert ask(client, max_tokens=2) == "0 1 "


def test_an_engine_that_is_stopped_says_so(places: Places, endless_model: Path) -> None:
    """An order to leave ends the answer with a sentence, and the process with its lock."""
    client = open_engine(places, settings_for(endless_model))
    events = client.chat(QUESTION, ChatOptions(max_tokens=8000, temperature=0))
    next(events)
    pid = client.status()["pid"]
    assert client.stop()
    with pytest.raises(EngineUnavailableError, match="the engine was stopped in the middle of the answer"):
        for _ in events:
            pass
    assert not psutil.pid_exists(pid)
    assert not is_listening(places.engine_socket)
    assert not client.stop()


def test_no_engine_running(places: Places) -> None:
    """Asking for the status starts nothing."""
    with pytest.raises(EngineUnavailableError) as caught:
        EngineClient(places).status()
    assert caught.value.message == "no engine is running"
    assert not is_listening(places.engine_socket)


def test_another_model_replaces_the_engine(places: Places, scripted_model: Path, endless_model: Path) -> None:
    """The engine that is asked holds what the client wants, whoever started it."""
    one = open_engine(places, settings_for(scripted_model))
    other = open_engine(places, settings_for(endless_model))
    assert ask(one) == ANSWER
    assert ask(other, max_tokens=2) == "0 1 "
    assert ask(one) == ANSWER


def test_a_replaced_model_file_is_loaded_anew(places: Places, scripted_model: Path, tmp_path: Path) -> None:
    """The same path with another file in it is another model."""
    file = tmp_path / "model.gguf"
    shutil.copyfile(scripted_model, file)
    client = open_engine(places, settings_for(file))
    ask(client)
    before = client.status()["pid"]
    os.utime(file, ns=(1, 1))
    assert ask(client) == ANSWER
    assert client.status()["pid"] != before


def test_an_engine_of_another_release_is_replaced(places: Places, scripted_model: Path) -> None:
    """After an upgrade nobody talks to what was started before it, and nobody has to stop it by hand."""
    older = (
        "import sys; from indexer import release; release.RELEASE = release.Release('0.0.1', api=1);"
        " from assistant.engine.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", older, f"--home={places.home}", f"--model={scripted_model}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_until(lambda: is_listening(places.engine_socket), what="the older engine answers")
    client = open_engine(places, settings_for(scripted_model))
    assert client.status()["pid"] == process.pid
    assert ask(client) == ANSWER
    assert client.status()["pid"] != process.pid
    assert process.wait(30) == 0


def test_an_idle_engine_leaves(places: Places, scripted_model: Path) -> None:
    """With `keep_alive_s = 0` it goes after the answer, and takes its socket along."""
    client = open_engine(places, settings_for(scripted_model, keep_alive_s=0))
    assert ask(client) == ANSWER
    wait_until(lambda: not places.engine_socket.exists(), what="the engine is gone")
    assert ask(client) == ANSWER


def test_a_stale_socket_is_no_obstacle(places: Places, scripted_model: Path) -> None:
    """What an engine that was killed left behind is put away."""
    places.engine_socket.touch()
    assert ask(open_engine(places, settings_for(scripted_model))) == ANSWER
    assert places.engine_socket.stat().st_mode & 0o777 == 0o600


def test_a_second_engine_leaves_at_once(places: Places, scripted_model: Path) -> None:
    """Two are started at the same time, one stays."""
    client = open_engine(places, settings_for(scripted_model))
    client.wait_ready()
    command = [sys.executable, "-m", "assistant.engine", f"--home={places.home}", f"--model={scripted_model}"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == EXIT_ANOTHER_RUNS
    assert ask(client) == ANSWER


def test_clients_that_start_at_the_same_time_share_one_engine(places: Places, scripted_model: Path) -> None:
    """Nobody gets an error because somebody else was faster."""
    answers: list[str] = []
    settings = settings_for(scripted_model)
    threads = [
        threading.Thread(target=lambda: answers.append(ask(open_engine(places, settings)))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [ANSWER] * 3


def test_a_truncated_model_is_told_by_its_numbers(
    places: Places, scripted_model: Path, tmp_path: Path
) -> None:
    """An incomplete download is named as such, and the engine leaves again."""
    file = tmp_path / "cut.gguf"
    file.write_bytes(scripted_model.read_bytes()[:1_000_000])
    client = open_engine(places, settings_for(file))
    with pytest.raises(ModelFileError) as caught:
        ask(client)
    assert caught.value.message == "cut.gguf is cut short: 1.0 MB of 1.3 MB are there"
    assert caught.value.hint == "finish the download"
    assert ask(open_engine(places, settings_for(scripted_model))) == ANSWER


def test_a_file_that_is_no_model_starts_nothing(places: Places, tmp_path: Path) -> None:
    """A web page saved as a model is recognised by its first bytes."""
    file = tmp_path / "model.gguf"
    file.write_text("<!DOCTYPE html>")
    with pytest.raises(ModelFileError, match=r"model\.gguf is not a GGUF file: it begins with '<!DOC'"):
        open_engine(places, settings_for(file))
    assert not is_listening(places.engine_socket)


def test_a_model_that_does_not_exist_starts_nothing(places: Places) -> None:
    """The name is looked up before any process is started."""
    with pytest.raises(ModelNotFoundError, match="there is no model nothing on"):
        open_engine(places, settings_for(Path("nothing")))
    assert not is_listening(places.engine_socket)


def test_an_engine_that_ends_at_once(places: Places, scripted_model: Path) -> None:
    """Whoever waits for it is told, and where the reason stands."""
    places.engine_lock.mkdir()
    with pytest.raises(EngineUnavailableError) as caught:
        open_engine(places, settings_for(scripted_model))
    assert caught.value.message == "the engine ended as it started"
    assert caught.value.hint == f"its log is {places.log_dir / 'engine.log'}"


def test_an_engine_that_cannot_be_started(places: Places, scripted_model: Path) -> None:
    """The system's reason is given."""
    (places.log_dir / "engine.log").mkdir()
    with pytest.raises(EngineUnavailableError) as caught:
        open_engine(places, settings_for(scripted_model))
    assert caught.value.message == "cannot start the engine: Is a directory"


def test_the_client_imports_nothing_heavy() -> None:
    """A face pays for the standard library only."""
    heavy = "{'llama_cpp', 'jinja2', 'starlette', 'uvicorn', 'numpy', 'pydantic'}"
    code = f"import sys, assistant.engine.client; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout == "[]\n"
