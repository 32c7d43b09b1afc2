"""Tests of measuring models: a real engine, and what becomes of the person's own."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.cli.models.measuring import ask, make_room, measure, own_engine, passages, words_for
from assistant.config import ModelSettings
from assistant.engine.client import EngineClient, open_engine
from assistant.engine.launch import is_listening
from assistant.engine.types import ChatOptions
from assistant.types import Message
from indexer.errors import EngineError
from indexer.paths import Places
from tests.homes import short_home
from tests.models.wired_gguf import write_random_model, write_scripted_model

SETTINGS = ModelSettings(threads=1, context_tokens=2048)


@pytest.fixture
def places() -> Iterator[Places]:
    """Return a home whose engine is stopped at the end."""
    with short_home() as places:
        yield places
        EngineClient(places).stop()


@pytest.fixture
def babbling(tmp_path: Path) -> Path:
    """Return a model that never ends an answer by itself."""
    return write_random_model(tmp_path / "babble.gguf")


def test_everything_is_measured(babbling: Path) -> None:
    """Rates of both kinds, times, memory, and where it ran."""
    said: list[str] = []
    with own_engine(SETTINGS, babbling) as client:
        bench = measure(
            client, rounds=2, prompt_tokens=200, answer_tokens=20, on_progress=said.append, now=lambda: "now"
        )
    assert bench.prompt_tokens_per_s > bench.generation_tokens_per_s > 0
    assert min(bench.first_token_s, bench.next_first_token_s) > 0
    assert (bench.device, bench.gpu_bytes, bench.when) == ("CPU", 0, "now")
    assert bench.ram_bytes > babbling.stat().st_size
    assert bench.load_s > 0
    assert said == ["loading…", "warming up…", "round 1 of 2…", "round 2 of 2…"]


def test_nothing_of_an_engine_of_its_own_is_left(babbling: Path) -> None:
    """Neither the process nor its home."""
    with own_engine(SETTINGS, babbling) as client:
        home = client.places.home
        assert is_listening(client.places.engine_socket)
    assert not home.exists()
    assert not is_listening(client.places.engine_socket)


def test_a_second_question_reads_the_passages_from_the_cache(babbling: Path) -> None:
    """So the two times to the first token mean different things."""
    with own_engine(SETTINGS, babbling) as client:
        text = passages(1, 60)
        cold = ask(client, text, "What?", max_tokens=2)
        again = ask(client, text, "Why?", max_tokens=2)
    assert again.cached_tokens > cold.prompt_tokens // 2
    assert cold.cached_tokens < cold.prompt_tokens // 4


def test_a_model_that_says_nothing_is_not_measured(tmp_path: Path) -> None:
    """A rate of three tokens would be noise."""
    short = write_scripted_model(tmp_path / "short.gguf", ["hi"])
    with (
        own_engine(SETTINGS, short) as client,
        pytest.raises(EngineError, match=r"short\.gguf ends its answers after a few words"),
    ):
        measure(client, rounds=1, prompt_tokens=50)


def test_a_text_has_the_length_asked_for(babbling: Path) -> None:
    """Within a tenth, whatever the model's tokens are."""
    with own_engine(SETTINGS, babbling) as client:
        counted = client.count_tokens(passages(3, words_for(client, 1000)))
    assert 900 <= counted <= 1100


def test_texts_are_the_same_every_time_and_begin_differently() -> None:
    """So nothing of one stands in the cache for another, and every run reads the same."""
    assert passages(1, 50) == passages(1, 50)
    assert passages(1, 50)[:4] != passages(2, 50)[:4]


def test_an_engine_that_is_idle_makes_room(places: Places, babbling: Path) -> None:
    """Its memory is what the model that is measured would have in real life."""
    open_engine(places, SETTINGS, model=str(babbling)).wait_ready()
    assert make_room(places, on_progress=lambda _: None)
    assert not is_listening(places.engine_socket)
    assert not make_room(places, on_progress=lambda _: None)


def test_an_engine_at_work_is_waited_for(places: Places, tmp_path: Path) -> None:
    """Its answer is written to the end, and the person is told why nothing happens."""
    model = write_scripted_model(tmp_path / "slow.gguf", ["and", " so"], is_endless=True, layers=24)
    client = open_engine(places, SETTINGS, model=str(model))
    client.wait_ready()
    events = client.chat([Message("user", "Go on.")], ChatOptions(max_tokens=1000, temperature=0))
    next(iter(events))
    said: list[str] = []
    waits = threading.Event()

    def tell(what: str) -> None:
        said.append(what)
        waits.set()

    waiting = threading.Thread(
        target=make_room, args=(places,), kwargs={"on_progress": tell, "pause_s": 0.05}
    )
    waiting.start()
    assert waits.wait(30)
    rest = list(events)
    waiting.join(30)
    assert not waiting.is_alive()
    assert rest[-1].__class__.__name__ == "Finished"
    assert "waiting until it is done" in said[0]
    assert not is_listening(places.engine_socket)
