"""A pause holds reading and embedding, and nothing else; it outlasts the daemon and ends by itself."""

from pathlib import Path

import pytest

from indexer.errors import ConfigError
from indexer.pipeline.pausing import BATTERY_LOOK_S, BY_YOU, ON_BATTERY, Pausing, clock_time
from indexer.pipeline.tasks import Hold
from indexer.pipeline.work import Lane, Read, WorkQueue
from indexer.reconcile import Upsert
from indexer.types import FileState
from tests.indexer.pipeline.bench import Bench, settle, wait_until

ROOT = Path("/notes")


class Power:
    """A clock and a battery."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.is_on_battery = False
        self.looks = 0

    def on_battery(self) -> bool:
        self.looks += 1
        return self.is_on_battery


@pytest.fixture
def power() -> Power:
    return Power()


@pytest.fixture
def pausing(tmp_path: Path, power: Power) -> Pausing:
    return Pausing(tmp_path / "paused.json", on_battery=power.on_battery, clock=lambda: power.now)


def test_a_pause_ends_by_itself(pausing: Pausing, power: Power) -> None:
    """Until then nothing is read, and whoever waits is told when to ask again."""
    assert pausing.hold() == (Hold.NOTHING, None)
    pausing.pause(60)
    assert pausing.hold() == (Hold.ALL, 60.0)
    assert (pausing.until, pausing.why) == (power.now + 60, BY_YOU)
    power.now += 60
    assert pausing.hold() == (Hold.NOTHING, None)
    assert (pausing.until, pausing.why) == (None, "")


def test_a_pause_outlasts_the_daemon(tmp_path: Path, pausing: Pausing, power: Power) -> None:
    """The next one reads it; after `resume` there is nothing to read."""

    def again() -> Pausing:
        return Pausing(tmp_path / "paused.json", clock=lambda: power.now)

    pausing.pause(None)
    assert (again().until, again().hold()) == ("resume", (Hold.ALL, None))
    pausing.pause(60)
    assert again().until == power.now + 60
    pausing.resume()
    assert again().until is None


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"until": null}', '{"until": "never"}', "\xff"])
def test_a_damaged_file_is_no_pause(tmp_path: Path, text: str) -> None:
    """Indexing goes on rather than stand still for no reason that anybody knows."""
    (tmp_path / "paused.json").write_text(text, encoding="utf-8")
    assert Pausing(tmp_path / "paused.json").until is None


def test_a_pause_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    """It would end with the daemon, which is not what was asked for."""
    pausing = Pausing(tmp_path / "missing" / "paused.json")
    with pytest.raises(ConfigError, match="cannot write"):
        pausing.pause(60)
    assert pausing.until is None


def test_on_battery_only_what_was_just_saved_is_read(pausing: Pausing, power: Power) -> None:
    """The battery is looked at once a minute, and `resume` overrules it until the next charge."""
    power.is_on_battery = True
    assert pausing.hold() == (Hold.BULK, BATTERY_LOOK_S)
    assert pausing.why == ON_BATTERY
    power.now += BATTERY_LOOK_S - 1
    assert pausing.hold() == (Hold.BULK, 1.0)
    assert power.looks == 1
    pausing.resume()
    assert pausing.hold() == (Hold.NOTHING, None)
    assert pausing.why == ""
    for is_on_battery, held in ((True, Hold.NOTHING), (False, Hold.NOTHING), (True, Hold.BULK)):
        power.is_on_battery = is_on_battery
        power.now += BATTERY_LOOK_S
        assert pausing.hold()[0] is held


def test_a_pause_is_told_in_one_sentence(pausing: Pausing, power: Power) -> None:
    """It says until when, and what goes on now."""
    pausing.pause(3600)
    error = pausing.error()
    assert error.message == f"indexing is paused until {clock_time(power.now + 3600, now_s=power.now)}"
    assert error.hint == "run `kb indexer resume` to go on now"
    pausing.pause(None)
    assert pausing.error().message == "indexing is paused"


def test_a_moment_on_another_day_has_its_date() -> None:
    """Of today the time is enough."""
    assert len(clock_time(1_000_000.0, now_s=1_000_000.0)) == len("14:05")
    assert len(clock_time(1_000_000.0, now_s=1_200_000.0)) == len("2026-11-23 14:05")


def test_the_queue_hands_out_what_is_not_held() -> None:
    """On battery the urgent lane goes on; in a pause none does, but looks do."""
    holds = [Hold.BULK]
    work = WorkQueue(hold=lambda: (holds[-1], None))
    state = FileState(size_bytes=1, mtime_ns=1, inode=1)
    paths = [ROOT / "bulk", ROOT / "urgent"]
    work.add_reads(ROOT, [Upsert(path, state) for path in paths], urgent=paths[1:])
    work.add_changes(ROOT, [ROOT / "c"])
    holds.append(Hold.ALL)
    assert work.take(Lane.BULK, wait=False) is None
    look = work.take(Lane.URGENT, wait=False)
    assert look is not None
    assert not isinstance(look, Read)
    work.finish_sweep(look)
    assert work.take(Lane.URGENT, wait=False) is None
    was_held = work.is_held
    holds.append(Hold.BULK)
    assert (was_held, work.is_held) == (True, False)
    read = work.take(wait=False)
    assert isinstance(read, Read)
    assert read.path == paths[1]
    assert work.take(wait=False) is None


def test_what_was_read_before_a_pause_is_read_again_after_it() -> None:
    """It goes back into the queue unless the file changed meanwhile, and is counted once."""
    holds = [Hold.NOTHING]
    work = WorkQueue(hold=lambda: (holds[-1], None))
    state = FileState(size_bytes=1, mtime_ns=1, inode=1)
    work.add_reads(ROOT, [Upsert(ROOT / "a", state)])
    read = work.take(wait=False)
    assert isinstance(read, Read)
    assert not work.take_back(read)
    holds.append(Hold.ALL)
    assert work.take_back(read)
    assert not work.take_back(read)
    assert work.pending_count() == 1
    holds.append(Hold.NOTHING)
    assert work.take(wait=False) is read
    work.finish_read(read)
    progress = work.progress()
    assert (progress.is_idle, progress.files_done, progress.files_total) == (True, 1, 1)


def test_a_pause_lets_changes_queue_up_and_deletions_through(bench: Bench) -> None:
    """What is gone is not found any more; what is new waits; `resume` indexes it at once."""
    bench.write("a.md", "one")
    bench.write("b.md", "two")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    pipeline.pause(None)
    assert (pipeline.paused_until, pipeline.paused_why) == ("resume", BY_YOU)
    assert pipeline.standstill() is None
    (bench.folder / "a.md").unlink()
    bench.write("c.md", "three")
    pipeline.sweep()
    wait_until(lambda: pipeline.standstill() is not None)
    assert set(bench.ledger()) == {"b.md"}
    assert [entry.path.name for entry in pipeline.pending()] == ["c.md"]
    pipeline.resume()
    settle(pipeline)
    assert set(bench.ledger()) == {"b.md", "c.md"}
    assert pipeline.paused_why == ""
