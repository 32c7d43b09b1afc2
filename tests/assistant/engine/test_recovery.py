"""Tests of the client when an engine leaves, ends or hangs between two questions."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assistant.engine.client import EngineClient, forget_prompts, open_engine
from assistant.engine.launch import is_listening
from assistant.engine.types import ChatOptions, Delta
from assistant.errors import EngineCrashedError, EngineUnavailableError
from indexer.paths import Places
from tests.assistant.engine.conftest import settings_for
from tests.assistant.engine.doors import answering_at
from tests.assistant.engine.test_client import ANSWER, QUESTION, ask
from tests.waiting import wait_until

READY = {"state": "ready", "identity": "", "progress": 1.0}


def test_counting_tokens_outlives_an_engine_that_leaves(places: Places) -> None:
    """Being idle it may leave between two calls; after a few times that is an error in one sentence."""
    with answering_at(places, {"/health": READY, "/tokenize": "hang_up"}) as asked:
        with pytest.raises(EngineCrashedError) as caught:
            EngineClient(places).count_tokens("a few words")
        assert asked.count("/tokenize") == 4
    assert caught.value.message == "the engine ended before it answered"


def test_a_question_that_ends_the_engine_is_asked_twice_at_most(places: Places) -> None:
    """Nobody loads a model again and again for what it dies of."""
    with answering_at(places, {"/health": READY, "/v1/chat/completions": "hang_up"}) as asked:
        with pytest.raises(EngineCrashedError, match="the engine ended before it answered"):
            ask(EngineClient(places))
        assert asked == ["/v1/chat/completions"] * 2


def test_an_engine_that_ends_while_it_loads_is_told_so(places: Places) -> None:
    """Whoever waits for it hears of it, and is not made to wait again."""
    with answering_at(places, {"/health": "hang_up"}) as asked:
        with pytest.raises(EngineUnavailableError) as caught:
            EngineClient(places).wait_ready()
        assert asked == ["/health"]
    assert caught.value.message == "the engine ended while it loaded"


def test_an_engine_that_says_nothing_is_told_so(places: Places) -> None:
    """Whoever counts or waits does not wait for ever; our own process is not killed for it."""
    client = EngineClient(places, silence_s=0.2)
    with answering_at(places, {"/health": READY, "/tokenize": "say_nothing"}):
        with pytest.raises(EngineUnavailableError) as caught:
            client.count_tokens("a few words")
        assert caught.value.message == "the engine has not answered for 0 s"
        assert caught.value.hint == "run `kb engine stop` and ask again"
    with answering_at(places, {"/health": "say_nothing"}), pytest.raises(EngineUnavailableError):
        client.wait_ready()


def test_an_engine_that_leaves_before_it_is_asked_is_started_again(
    places: Places, scripted_model: Path
) -> None:
    """It may be idle just then, between two questions of one conversation."""
    client = open_engine(places, settings_for(scripted_model))
    client.wait_ready()
    pid = client.status()["pid"]
    client.stop()
    wait_until(lambda: not is_listening(places.engine_socket), what="the engine is gone")
    assert client.count_tokens("abc") == 3
    assert client.status()["pid"] != pid


def test_a_hung_engine_is_ended_and_the_next_question_works(places: Places, scripted_model: Path) -> None:
    """Whatever it hangs in; nobody has to find its process by hand."""
    client = open_engine(places, settings_for(scripted_model))
    client.wait_ready()
    impatient = EngineClient(places, launch=client._launch, silence_s=1)
    os.kill(client.status()["pid"], signal.SIGSTOP)
    with pytest.raises(EngineUnavailableError) as caught:
        ask(impatient)
    assert caught.value.message == "the engine has not answered for 1 s and was ended"
    assert caught.value.hint == "ask again, which starts it anew"
    assert ask(client) == ANSWER


def test_who_waits_outlives_a_crash(places: Places, endless_model: Path) -> None:
    """The answer under way is lost and says so; a question that was not begun is asked again by itself."""
    client = open_engine(places, settings_for(endless_model))
    writing = client.chat(QUESTION, ChatOptions(max_tokens=8000, temperature=0))
    while not isinstance(next(writing), Delta):
        pass
    answers: list[str] = []
    second = open_engine(places, settings_for(endless_model))
    waiting = threading.Thread(target=lambda: answers.append(ask(second, max_tokens=3)))
    waiting.start()
    wait_until(lambda: client.status()["queued"] == 1, what="one question waits")
    os.kill(client.status()["pid"], signal.SIGKILL)
    with pytest.raises(EngineCrashedError, match="in the middle of the answer: it was killed from outside"):
        for _ in writing:
            pass
    waiting.join()
    assert answers == ["0 1 2 "]


def test_a_hung_engine_can_be_stopped(places: Places, scripted_model: Path) -> None:
    """`kb engine stop` ends it all the same."""
    client = open_engine(places, settings_for(scripted_model))
    client.wait_ready()
    os.kill(client.status()["pid"], signal.SIGSTOP)
    assert EngineClient(places, silence_s=1).stop()
    wait_until(lambda: not is_listening(places.engine_socket), what="the engine is gone")


def test_an_engine_that_cannot_serve_does_not_stay(places: Places, scripted_model: Path) -> None:
    """With part of it missing, as amid an upgrade, it ends, and leaves neither memory nor door."""
    broken = (
        "import sys; sys.modules['assistant.engine.server.api'] = None;"
        " from assistant.engine.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", broken, f"--home={places.home}", f"--model={scripted_model}"]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert ended.returncode == 1
    assert not places.engine_socket.exists()
    log = (places.log_dir / "engine.log").read_text()
    assert "crashed kind=ModuleNotFoundError" in log


def test_what_was_read_is_forgotten_on_demand(places: Places, scripted_model: Path) -> None:
    """Neither an engine nor a file keeps anything of the prompts; without either nothing happens."""
    client = open_engine(places, settings_for(scripted_model))
    assert ask(client) == ANSWER
    places.prompt_state.write_bytes(b"passages")
    forget_prompts(places)
    assert not is_listening(places.engine_socket)
    assert not places.prompt_state.exists()
    forget_prompts(places)
