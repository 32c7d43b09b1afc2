"""What befalls an engine: its file, its folder, its disk, its process; each told in one sentence."""

import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from assistant.config import ModelSettings
from assistant.engine.client import EngineClient, open_engine
from assistant.engine.types import ChatOptions, Delta, Progress
from assistant.errors import EngineCrashedError, ModelFileError, ModelNotFoundError
from indexer.paths import Places
from tests.assistant.engine.in_process import connect
from tests.faults.engines import QUESTION, answer_of, counting_model, wait_for_end
from tests.faults.test_full_disk import fill, small_disk
from tests.homes import short_home
from tests.waiting import wait_until


@pytest.fixture
def places() -> Iterator[Places]:
    """A home of its own; its engine is stopped afterwards."""
    with short_home() as places:
        yield places
        EngineClient(places).stop()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model file that may come to harm."""
    return counting_model(tmp_path / "model.gguf")


def settings_for(model: Path, *, keep_alive_s: int = 600) -> ModelSettings:
    """Settings with one thread."""
    return ModelSettings(path=str(model), threads=1, keep_alive_s=keep_alive_s, context_tokens=8192)


def asking(places: Places, *, max_tokens: int) -> socket.socket:
    """Ask for a stream, and do not read it."""
    asked = {"messages": [{"role": "user", "content": "count"}], "stream": True, "max_tokens": max_tokens}
    body = json.dumps(asked).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    connection = connect(places.engine_socket)
    connection.sendall(head.encode() + body)
    return connection


def test_a_deleted_model_goes_on_answering(places: Places, model: Path) -> None:
    """What is loaded is loaded, for new clients too; only the next start says that the file is gone."""
    client = open_engine(places, settings_for(model))
    assert answer_of(client) == "0 1 2 3 4 "
    pid = client.status()["pid"]
    model.unlink()
    for asked in (client, open_engine(places, settings_for(model))):
        assert answer_of(asked) == "0 1 2 3 4 "
    assert client.status()["pid"] == pid
    client.stop()
    wait_for_end(pid)
    with pytest.raises(ModelNotFoundError, match=r"there is no file .*model\.gguf"):
        open_engine(places, settings_for(model))


def test_a_replaced_model_is_loaded_at_the_next_question(places: Places, model: Path, tmp_path: Path) -> None:
    """The answer under way is still the old model's, the next one the new model's."""
    client = open_engine(places, settings_for(model))
    begun = client.chat(QUESTION, ChatOptions(max_tokens=300, temperature=0))
    next(begun)
    counting_model(tmp_path / "other.gguf", layers=2).replace(model)
    assert sum(isinstance(event, Delta) for event in begun) > 0
    before = client.status()
    assert answer_of(client) == "0 1 2 3 4 "
    after = client.status()
    assert (before["layers"], after["layers"]) == (2, 3)


def test_a_model_cut_short_while_it_answers_is_named(places: Places, model: Path) -> None:
    """The process dies of it; the sentence says of what, and so does the next start."""
    client = open_engine(places, settings_for(model))
    events = client.chat(QUESTION, ChatOptions(max_tokens=8000, temperature=0))
    next(events)
    os.truncate(model, 100_000)
    with pytest.raises(EngineCrashedError) as caught:
        for _ in events:
            pass
    assert caught.value.message.startswith(
        "the engine ended in the middle of the answer: Bus error; model.gguf is cut short: "
    )
    with pytest.raises(ModelFileError, match=r"model\.gguf is cut short"):
        answer_of(client)


def test_an_engine_whose_folder_vanished_makes_room(places: Places, model: Path) -> None:
    """The next client starts another one; the old one, which nobody can find, does not keep its memory."""
    client = open_engine(places, settings_for(model))
    answer_of(client)
    lost = client.status()["pid"]
    shutil.rmtree(places.run_dir)
    assert answer_of(client) == "0 1 2 3 4 "
    assert client.status()["pid"] != lost
    wait_for_end(lost)
    assert answer_of(client) == "0 1 2 3 4 "


def test_a_full_disk_stops_no_answer(model: Path) -> None:
    """What cannot be logged is lost, and nobody stops for it."""
    with short_home() as places, small_disk(places, 4):
        client = open_engine(places, settings_for(model))
        try:
            client.wait_ready()
            fill(places.home / "ballast")
            assert answer_of(client) == "0 1 2 3 4 "
            assert client.stop()
            wait_for_end(client._pid)
            assert answer_of(client) == "0 1 2 3 4 "
        finally:
            client.stop()
            wait_for_end(client._pid)


def test_memory_is_given_back_when_nobody_asks(places: Places, model: Path) -> None:
    """The process ends, so that nothing of it stays; counting tokens puts that off."""
    client = open_engine(places, settings_for(model, keep_alive_s=3))
    answer_of(client)
    pid = client.status()["pid"]
    end = time.monotonic() + 5
    while time.monotonic() < end:
        client.count_tokens("a conversation goes on")
        time.sleep(0.2)
    assert client.status()["pid"] == pid
    wait_for_end(pid)


def test_who_does_not_read_holds_up_no_stop(places: Places, model: Path) -> None:
    """The process and its lock go within seconds, and the next question is answered."""
    client = open_engine(places, settings_for(model))
    client.wait_ready()
    with asking(places, max_tokens=8000):
        wait_until(lambda: bool(client.status()["busy"]), what="it writes")
        pid = client.status()["pid"]
        began = time.monotonic()
        assert client.stop()
        wait_for_end(pid)
        assert time.monotonic() - began < 25
        assert answer_of(client) == "0 1 2 3 4 "


def test_cancelling_in_a_long_prompt_lets_the_next_one_in(places: Places, tmp_path: Path) -> None:
    """Within a batch the model is free again, and what was not read is not claimed to be."""
    client = open_engine(places, settings_for(counting_model(tmp_path / "slow.gguf", layers=24)))
    client.wait_ready()
    before = client.status()["answers"]
    long = [type(QUESTION[0])("user", "word " * 1500)]
    events = client.chat(long, ChatOptions(max_tokens=5, temperature=0))
    asking = threading.Thread(target=lambda: [None for _ in _until_reading(events)])
    asking.start()
    asking.join()
    events.close()  # type: ignore[attr-defined]
    wait_until(lambda: client.status()["answers"] == before + 1, what="it is given up")
    assert answer_of(client) == "0 1 2 3 4 "


def _until_reading(events: Iterator[object]) -> Iterator[object]:
    for event in events:
        yield event
        if isinstance(event, Progress | Delta):
            return


def test_twenty_clients_of_all_kinds(places: Places, tmp_path: Path) -> None:
    """Who waits is answered, whatever the others do; in the end nothing of them is left."""
    client = open_engine(places, settings_for(counting_model(tmp_path / "slow.gguf", layers=12)))
    client.wait_ready()
    engine = psutil.Process(client.status()["pid"])
    files = engine.num_fds()
    deaf = [asking(places, max_tokens=300) for _ in range(2)]
    gone = [asking(places, max_tokens=8000) for _ in range(5)]
    answers: list[str] = []
    places_told: list[int] = []

    def wait() -> None:
        text = ""
        for event in EngineClient(places).chat(QUESTION, ChatOptions(max_tokens=20, temperature=0)):
            if isinstance(event, Progress):
                places_told.append(event.queued)
            elif isinstance(event, Delta):
                text += event.text
        answers.append(text)

    def cancel() -> None:
        events = EngineClient(places).chat(QUESTION, ChatOptions(max_tokens=3000, temperature=0))
        next(events)
        events.close()  # type: ignore[attr-defined]

    threads = [threading.Thread(target=work) for work in [wait, cancel] * 6 + [wait]]
    for thread in threads:
        thread.start()
    wait_until(lambda: int(client.status()["queued"]) >= 10, what="a queue stands")
    for connection in gone:
        connection.close()
    for thread in threads:
        thread.join(60)
    expected = "".join(f"{n} " for n in range(20))
    assert answers == [expected] * 7
    assert max(places_told) > 1
    for connection in deaf:
        connection.close()
    wait_until(lambda: not client.status()["busy"], what="it is idle")
    wait_until(lambda: engine.num_fds() <= files + 2, what="connections are closed")
    began = time.monotonic()
    client.stop()
    wait_for_end(engine.pid)
    assert time.monotonic() - began < 25


def test_homes_have_engines_of_their_own(model: Path) -> None:
    """What befalls one is nothing to the other."""
    with short_home() as one, short_home() as other:
        clients = [open_engine(places, settings_for(model)) for places in (one, other)]
        for client in clients:
            assert answer_of(client) == "0 1 2 3 4 "
        pids = [client.status()["pid"] for client in clients]
        os.kill(pids[0], signal.SIGKILL)
        wait_for_end(pids[0])
        assert answer_of(clients[1]) == "0 1 2 3 4 "
        assert answer_of(clients[0]) == "0 1 2 3 4 "
        assert clients[1].status()["pid"] == pids[1]
        for client in clients:
            client.stop()
