"""Another embedding model: its index is built beside the one that answers, which then steps aside."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from indexer.catalog import Catalog
from indexer.config import EmbeddingSettings, IndexerSettings
from indexer.editions import Edition, Editions, current_places
from indexer.editions.record import load_record
from indexer.errors import ConfigError
from indexer.index import Index
from indexer.paths import Places
from indexer.pipeline import Pausing
from indexer.pipeline.freshness import Unwatched
from indexer.types import EVERYTHING
from indexer.walk import WalkRules
from indexer.worker import WorkerInfo
from tests.homes import short_home
from tests.indexer.fakes import InMemoryWorker, ParagraphReader

RULES = WalkRules(max_file_bytes=1_000_000, is_supported=lambda path: path.suffix == ".md")


class NamedWorker(InMemoryWorker):
    """A worker whose model has a name."""

    def __init__(self, model: str, *, gate: threading.Event | None, is_missing: bool) -> None:
        super().__init__(gate=gate)
        self._model = model
        self._is_missing = is_missing

    def describe(self) -> WorkerInfo:
        """Return the facts, or fail as for a folder that is gone."""
        if self._is_missing:
            raise ConfigError(f"[embedding] model: {self._model} is not a folder")
        return replace(super().describe(), model=self._model, fingerprint=f"{self._model}-16-chunker-1")


@dataclass
class House:
    """A home in which one set of editions after the other is opened, each with another model."""

    places: Places
    folder: Path
    gates: dict[str, threading.Event] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    workers: dict[str, NamedWorker] = field(default_factory=dict)

    def open(self, model: str, *, grace_s: float = 0.0, chunk_tokens: int = 0) -> Editions:
        """Open the editions with a model in the config, and start them."""
        pausing = Pausing(self.places.home / "paused.json")

        def open_edition(places: Places, settings: IndexerSettings) -> Edition:
            name = settings.embedding.model
            worker = NamedWorker(name, gate=self.gates.get(name), is_missing=name in self.missing)
            self.workers[name] = worker
            places.create()
            index = Index(Catalog.open(places.catalog_file), worker)
            return Edition(
                places,
                index,
                rules=RULES,
                watcher=Unwatched(),
                pausing=pausing,
                make_reader=lambda _: ParagraphReader(),
            )

        embedding = EmbeddingSettings(model=model, chunk_tokens=chunk_tokens)
        settings = IndexerSettings(embedding=embedding)
        editions = Editions.open(
            self.places, settings, open_edition=open_edition, look_s=0.02, grace_s=grace_s
        )
        editions.start()
        return editions

    def answering(self) -> str:
        """Return the model of the index that answers, as the file says it."""
        record = load_record(self.places.editions_file)
        assert record is not None
        return record.made[record.current].model


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("the first note", encoding="utf-8")
    with short_home() as places:
        house = House(places, folder)
        with closing(house.open("/old")) as editions:
            editions.pipeline.add_root(folder)
            until(lambda: found(editions, "the first note"))
        yield house


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that other threads bring about."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def answers(editions: Editions, model: str) -> bool:
    """Tell whether the index of a model is the one that answers."""
    return editions.info is not None and editions.info.model == model


def found(editions: Editions, text: str) -> bool:
    """Tell whether a text is what a search finds first."""
    passages = editions.search(text, 3, EVERYTHING).passages
    return bool(passages) and passages[0].text == text


def test_the_old_index_answers_until_the_new_one_holds_everything(house: House) -> None:
    """While it is built the old one stays up to date; then the new one answers, and the file says so."""
    house.gates["/new"] = threading.Event()
    with closing(house.open("/new")) as editions:
        until(lambda: editions.describe_building() is not None)
        (house.folder / "b.md").write_text("a note from meanwhile", encoding="utf-8")
        editions.look_at(house.folder, ())
        until(lambda: found(editions, "a note from meanwhile"))
        said = editions.describe_building()
        assert said is not None
        assert (said["model"], said["answering"], said["error"]) == ("new", "old", None)
        assert (house.answering(), editions.info and editions.info.model) == ("/old", "/old")
        house.gates["/new"].set()
        until(lambda: editions.describe_building() is None)
        assert (house.answering(), editions.info and editions.info.model) == ("/new", "/new")
        assert found(editions, "a note from meanwhile")
        assert editions.index.roots() == [house.folder]
    assert current_places(house.places).index_dir != house.places.home


def test_going_back_is_instant(house: House) -> None:
    """The index of the former model is still there: nothing is embedded but what is new since."""
    with closing(house.open("/new")) as editions:
        until(lambda: answers(editions, "/new"))
        (house.folder / "b.md").write_text("a note from meanwhile", encoding="utf-8")
        other = house.folder.parent / "other"
        other.mkdir()
        editions.pipeline.add_root(other)
    with closing(house.open("/old")) as editions:
        assert house.answering() == "/old"
        assert editions.describe_building() is None
        assert found(editions, "the first note")
        until(lambda: found(editions, "a note from meanwhile"))
        assert house.workers["/old"].embedded == ["a note from meanwhile"]
        assert editions.index.roots() == [house.folder, other]


def test_a_build_that_was_cut_off_goes_on(house: House) -> None:
    """What was embedded for the new index before the daemon ended is not embedded again."""
    house.gates["/new"] = threading.Event()
    house.gates["/new"].set()
    (house.folder / "b.md").write_text("a second note", encoding="utf-8")
    editions = house.open("/new")
    until(lambda: "/new" in house.workers and len(house.workers["/new"].embedded) > 0)
    editions.close()
    before = list(house.workers["/new"].embedded)
    with closing(house.open("/new")) as editions:
        until(lambda: answers(editions, "/new"))
        assert found(editions, "a second note")
    assert not set(before) & set(house.workers["/new"].embedded)


def test_roots_follow_while_an_index_is_built(house: House) -> None:
    """A folder added or removed meanwhile is so in both."""
    house.gates["/new"] = threading.Event()
    other = house.folder.parent / "other"
    other.mkdir()
    (other / "c.md").write_text("in another folder", encoding="utf-8")
    with closing(house.open("/new")) as editions:
        until(lambda: editions.describe_building() is not None)
        editions.pipeline.add_root(other)
        editions.pipeline.remove_root(house.folder)
        house.gates["/new"].set()
        until(lambda: answers(editions, "/new"))
        assert editions.index.roots() == [other]
        assert found(editions, "in another folder")


def test_an_index_with_an_absent_folder_waits(house: House, tmp_path: Path) -> None:
    """What lies on a disk that is away can only be found in the old index, so that one goes on."""
    away = house.folder.rename(tmp_path / "unmounted")
    with closing(house.open("/new")) as editions:
        until(lambda: (editions.describe_building() or {}).get("waiting_for") == [str(house.folder)])
        assert found(editions, "the first note")
        assert house.answering() == "/old"
        away.rename(house.folder)
        editions.sweep_again([house.folder])
        until(lambda: answers(editions, "/new"))
        assert found(editions, "the first note")


def test_a_model_that_cannot_be_loaded_leaves_the_old_one_answering(house: House) -> None:
    """The reason is said, and a right config later begins anew."""
    house.missing.add("/new")
    with closing(house.open("/new")) as editions:
        until(lambda: bool((editions.describe_building() or {}).get("error")))
        said = editions.describe_building()
        assert said is not None
        assert said["error"] == "[embedding] model: /new is not a folder"
        assert found(editions, "the first note")
    with closing(house.open("/old")) as editions:
        until(lambda: not any((house.places.home / "editions").iterdir()))
        assert found(editions, "the first note")


def test_an_index_whose_own_model_is_gone_gives_way_at_once(house: House) -> None:
    """Half an index that answers is better than a whole one that cannot."""
    house.missing.add("/old")
    with closing(house.open("/new")) as editions:
        until(lambda: answers(editions, "/new"))
        until(lambda: found(editions, "the first note"))


def test_an_index_without_folders_is_no_reason_to_build_another(house: House) -> None:
    """Where nothing is indexed the new model simply takes the place."""
    with closing(house.open("/old")) as editions:
        editions.pipeline.remove_root(house.folder)
    with closing(house.open("/new")) as editions:
        assert house.answering() == "/new"
        assert editions.describe_building() is None
        editions.pipeline.add_root(house.folder)
        until(lambda: found(editions, "the first note"))
    assert not (house.places.home / "editions").exists()


def test_only_the_last_few_former_indexes_are_kept(house: House) -> None:
    """Disk is not filled with the indexes of every model that was ever tried."""
    house.places.chroma_dir.mkdir(exist_ok=True)
    for model in ("/second", "/third", "/fourth"):
        with closing(house.open(model)) as editions:
            until(lambda model=model, editions=editions: answers(editions, model))  # type: ignore[misc]
            until(lambda editions=editions: editions.describe_building() is None)  # type: ignore[misc]
    with closing(house.open("/fourth")):
        until(lambda: not house.places.catalog_file.exists())
    assert not list(house.places.home.glob("chroma*/"))
    assert not house.places.catalog_file.with_name("roots.json").exists()
    record = load_record(house.places.editions_file)
    assert record is not None
    assert sorted(made.model for made in record.made.values()) == ["/fourth", "/second", "/third"]


def test_a_former_index_that_somebody_deleted_is_built_again(house: House) -> None:
    """The file may promise an index whose folder is gone."""
    with closing(house.open("/new")) as editions:
        until(lambda: answers(editions, "/new"))
    shutil.rmtree(current_places(house.places).index_dir)
    with closing(house.open("/old")):
        pass
    with closing(house.open("/new")) as editions:
        until(lambda: answers(editions, "/new"))
        until(lambda: found(editions, "the first note"))


def test_a_pause_holds_for_both(house: House) -> None:
    """Nothing is built while indexing is paused, and it goes on afterwards."""
    house.gates["/new"] = threading.Event()
    with closing(house.open("/new")) as editions:
        until(lambda: editions.describe_building() is not None)
        editions.pipeline.pause(None)
        (house.folder / "b.md").write_text("a note from meanwhile", encoding="utf-8")
        editions.look_at(house.folder, ())
        house.gates["/new"].set()
        time.sleep(0.2)
        assert house.answering() == "/old"
        editions.pipeline.resume()
        until(lambda: answers(editions, "/new"))
        until(lambda: found(editions, "a note from meanwhile"))


def test_a_folder_added_at_the_moment_of_the_switch_is_not_lost(house: House) -> None:
    """Whoever still talks to the old index talks to the new one as well."""
    other = house.folder.parent / "other"
    other.mkdir()
    (other / "c.md").write_text("in another folder", encoding="utf-8")
    with closing(house.open("/new", grace_s=1.0)) as editions:
        old = editions.pipeline
        until(lambda: answers(editions, "/new"))
        old.add_root(other)
        old.remove_root(house.folder)
        until(lambda: editions.index.roots() == [other])
        until(lambda: found(editions, "in another folder"))


def test_an_absent_folder_of_which_nothing_is_left_is_not_waited_for(house: House, tmp_path: Path) -> None:
    """Once the files of a lost disk are forgotten, the old index holds nothing that the new one lacks."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "c.md").write_text("in another folder", encoding="utf-8")
    with closing(house.open("/old")) as editions:
        editions.pipeline.add_root(other)
        until(lambda: found(editions, "in another folder"))
    house.folder.rename(tmp_path / "unmounted")
    with closing(house.open("/new")) as editions:
        until(lambda: bool((editions.describe_building() or {}).get("waiting_for")))
        until(lambda: editions.pipeline.away == {house.folder})
        assert editions.pipeline.prune() == 1
        until(lambda: answers(editions, "/new"))
        assert editions.index.roots() == [house.folder, other]


def test_other_chunks_of_the_same_model_are_an_index_of_their_own_too(house: House) -> None:
    """The length of a chunk takes effect by itself, and is what is said of the new index."""
    house.gates["/old"] = threading.Event()
    with closing(house.open("/old", chunk_tokens=100)) as editions:
        until(lambda: editions.describe_building() is not None)
        said = editions.describe_building()
        assert said is not None
        assert (said["model"], said["answering"]) == ("old with other chunks", "old")
        house.gates["/old"].set()
        until(lambda: editions.describe_building() is None)
        assert found(editions, "the first note")
