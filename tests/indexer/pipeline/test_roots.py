"""Roots: nested, absorbed, away, removed."""

import threading

import pytest

from indexer.errors import UsageError
from tests.indexer.fakes import InMemoryWorker
from tests.indexer.pipeline.bench import Bench, settle, wait_until


def test_a_root_that_is_away_is_kept(bench: Bench) -> None:
    """When a whole root is missing nothing is forgotten, and it is taken up when it is back."""
    bench.write("a.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    elsewhere = bench.folder.rename(bench.home / "elsewhere")
    pipeline.sweep()
    settle(pipeline)
    assert pipeline.away == {bench.folder}
    assert set(bench.ledger()) == {"a.md"}
    elsewhere.rename(bench.folder)
    pipeline.sweep()
    settle(pipeline)
    assert pipeline.away == frozenset()


def test_a_folder_inside_a_root_is_not_added(bench: Bench) -> None:
    """It is indexed already, and the person is told as part of what."""
    inside = bench.write("sub/a.md").parent
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    assert pipeline.add_root(inside) == f"{inside} is already indexed as part of {bench.folder}"
    assert pipeline.add_root(bench.folder) == f"{bench.folder} is already indexed"
    assert bench.index.roots() == [bench.folder]


def test_a_hidden_folder_inside_a_root_becomes_one_of_its_own(bench: Bench) -> None:
    """What the walk of a root does not reach can be added, and neither root touches the other's files."""
    hidden = bench.write(".private/a.md").parent
    bench.write("b.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    assert pipeline.add_root(hidden) == ""
    settle(pipeline)
    pipeline.sweep()
    settle(pipeline)
    assert bench.index.root_counts() == {bench.folder: 1, hidden: 1}


def test_a_folder_above_a_root_absorbs_it(bench: Bench) -> None:
    """The inner root ends, and nothing of it is read or embedded again."""
    inner = bench.write("inner/a.md", "inner words").parent
    bench.write("b.md", "outer words")
    pipeline = bench.open()
    pipeline.add_root(inner)
    settle(pipeline)
    assert pipeline.add_root(bench.folder) == f"{inner} is now part of {bench.folder}"
    settle(pipeline)
    assert bench.index.root_counts() == {bench.folder: 2}
    assert bench.reader.read == [inner / "a.md", bench.folder / "b.md"]


def test_a_removed_root_is_forgotten_with_its_vectors(bench: Bench) -> None:
    """The number of files comes back, and the files themselves stay."""
    path = bench.write("a.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert pipeline.remove_root(bench.folder) == 1
    assert bench.index.roots() == []
    assert bench.worker.vectors == {}
    assert path.exists()


def test_a_root_can_be_removed_while_it_is_being_indexed(bench: Bench) -> None:
    """What was read of it before is not written any more, and nothing is left waiting."""
    gate = threading.Event()
    bench.worker = InMemoryWorker(gate=gate)
    for number in range(200):
        bench.write(f"{number}.md", f"words {number}")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    wait_until(lambda: bool(bench.reader.read))
    threading.Timer(0.1, gate.set).start()
    pipeline.remove_root(bench.folder)
    settle(pipeline)
    assert bench.ledger() == {}
    assert pipeline.fault is None
    assert pipeline.troubles.last_errors == []


def test_removing_what_is_no_root_is_refused(bench: Bench) -> None:
    """The sentence names the path, and the root that holds it where there is one."""
    inside = bench.write("sub/a.md").parent
    pipeline = bench.open()
    with pytest.raises(UsageError) as caught:
        pipeline.remove_root(inside)
    assert (caught.value.message, caught.value.hint) == (
        f"{inside} is not an indexed folder",
        "run `kb roots`",
    )
    pipeline.add_root(bench.folder)
    with pytest.raises(UsageError) as caught:
        pipeline.remove_root(inside)
    assert caught.value.message == f"{inside} is not an indexed folder, but part of {bench.folder}"
    assert caught.value.hint == f"run `kb remove {bench.folder}`"
