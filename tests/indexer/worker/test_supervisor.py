"""A child that dies, refuses or talks nonsense costs a request at most, and never the daemon."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.config import EmbeddingSettings
from indexer.errors import ConfigError, StoreError, WorkerError
from indexer.paths import Places
from indexer.worker import Worker

Start = Callable[[str], Worker]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Return places with the directory that children run in."""
    places = Places(config_file=tmp_path / "config.toml", home=tmp_path)
    places.work_dir.mkdir(parents=True)
    return places


@pytest.fixture
def start(places: Places, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that starts a worker whose child behaves as named."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    workers: list[Worker] = []

    def start(behaviour: str) -> Worker:
        settings = EmbeddingSettings(model=behaviour)
        workers.append(Worker.start(settings, places, module="tests.indexer.worker.faulty_child"))
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()


def starts(places: Places) -> int:
    """Count the children that were started."""
    return len((places.home / "starts").read_text(encoding="ascii"))


def test_a_request_survives_the_death_of_its_child(start: Start, places: Places) -> None:
    """It is sent once more to a new child, and the caller notices nothing."""
    worker = start("")
    first = worker.describe().pid
    assert worker.embed_query("die once").tolist() == [1.0, 0.0]
    assert worker.describe().pid != first
    assert starts(places) == 2


def test_a_request_that_kills_every_child_is_given_up(start: Start, places: Places) -> None:
    """After the second death its caller gets an error, and the next request is served again."""
    worker = start("")
    with pytest.raises(WorkerError, match=r"^the embedding worker died$"):
        worker.embed_query("die")
    assert starts(places) == 2
    assert worker.embed_query("hens").tolist() == [1.0, 0.0]
    assert starts(places) == 3


def test_a_child_that_never_greets_is_an_error(start: Start) -> None:
    """A child that dies while it starts does not keep anybody waiting."""
    with pytest.raises(WorkerError, match=r"^the embedding worker died$"):
        start("dies at once").describe()


def test_a_child_that_prints_is_an_error(start: Start) -> None:
    """What is no frame ends the child instead of being taken for one."""
    with pytest.raises(WorkerError, match=r"^the embedding worker died$"):
        start("prints").describe()


def test_a_model_that_cannot_be_loaded_is_the_configs_fault(start: Start, places: Places) -> None:
    """The child's own sentence and hint arrive, each time, and no further child is started for it."""
    worker = start("no model")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"^there is no such model$") as caught:
            worker.embed_query("hens")
        assert caught.value.hint == "name one"
    assert starts(places) == 1


def test_an_error_of_one_request_is_its_own(start: Start, places: Places) -> None:
    """An error that the child reports reaches the caller as its class, and the child lives on."""
    worker = start("")
    with pytest.raises(StoreError, match=r"^the vector store failed: no$"):
        worker.embed_query("refuse")
    assert worker.embed_query("hens").tolist() == [1.0, 0.0]
    assert starts(places) == 1


def test_a_store_that_kills_is_not_opened_again(start: Start, places: Places) -> None:
    """The next child leaves it alone and says so; a new store is opened as usual."""
    places.chroma_dir.mkdir()
    worker = start("dies of its store")
    assert worker.describe().store_error == "the vector store cannot be opened"
    assert starts(places) == 2
    worker.reset_store()
    assert not places.chroma_dir.exists()
    assert worker.describe().store_error == ""


def test_a_closed_worker_starts_nothing(start: Start, places: Places) -> None:
    """After the end every request is refused in one sentence."""
    worker = start("")
    worker.describe()
    assert worker.close()
    with pytest.raises(WorkerError, match=r"^the embedding worker was stopped$"):
        worker.embed_query("hens")
    assert starts(places) == 1


def test_a_closed_worker_removes_nothing(start: Start, places: Places) -> None:
    """Who mends while the daemon stops is refused, and the store stays."""
    places.chroma_dir.mkdir()
    worker = start("")
    worker.describe()
    worker.close()
    with pytest.raises(WorkerError, match=r"^the embedding worker was stopped$"):
        worker.reset_store()
    assert places.chroma_dir.exists()


@pytest.mark.parametrize("text", ["die once", "die"])
def test_a_crash_is_no_clean_end(start: Start, text: str) -> None:
    """Also where the next child ends well, or there is none."""
    worker = start("")
    with contextlib.suppress(WorkerError):
        worker.embed_query(text)
    assert not worker.close()


def test_a_child_with_another_model_is_refused(start: Start) -> None:
    """Its vectors could not be compared with those of the first, so nothing is asked of it."""
    worker = start("changes")
    worker.describe()
    with pytest.raises(ConfigError, match=r"^the embedding model faulty was changed while kb was running$"):
        worker.embed_query("die once")


def test_a_crash_is_told_and_an_end_is_not(start: Start) -> None:
    """Whoever listens hears of each child that died by itself."""
    worker = start("")
    crashes: list[str] = []
    worker.tell_of_crashes(lambda: crashes.append("crash"))
    worker.embed_query("die once")
    assert crashes == ["crash"]
    worker.reset_store()
    worker.embed_query("hens")
    worker.close()
    assert crashes == ["crash"]
