"""The pure decision: which jobs bring the catalog in step with the disk."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.reconcile import Delete, Move, Seen, Skip, Upsert, covering, priority, reconcile
from indexer.types import FileState

STATES = st.builds(
    FileState,
    size_bytes=st.integers(0, 2),
    mtime_ns=st.integers(0, 2),
    inode=st.integers(1, 3),
)
SIDES = st.dictionaries(
    st.sampled_from([Path(f"/r/{name}.md") for name in "abcdef"]),
    st.builds(Seen, STATES, st.sampled_from(["", "", "too large", "hidden"])),
)


def state(size: int = 3, mtime: int = 1, inode: int = 7) -> FileState:
    return FileState(size_bytes=size, mtime_ns=mtime, inode=inode)


def test_what_is_gone_is_deleted_before_anything_is_added() -> None:
    """The old path goes first, so a search never finds the text twice."""
    assert reconcile({Path("new.md"): Seen(state(inode=8))}, {Path("old.md"): Seen(state())}) == [
        Delete(Path("old.md")),
        Upsert(Path("new.md"), state(inode=8)),
    ]


def test_a_file_with_the_inode_size_and_time_of_one_that_is_gone_has_moved() -> None:
    """Nothing is deleted and nothing is read, not even where it replaced another file."""
    disk = {Path("new.md"): Seen(state())}
    moved = [Move(Path("old.md"), Path("new.md"), state())]
    assert reconcile(disk, {Path("old.md"): Seen(state())}) == moved
    assert reconcile(disk, {Path("old.md"): Seen(state()), Path("new.md"): Seen(state(inode=9))}) == moved


@pytest.mark.parametrize(
    ("new", "on_disk", "cataloged"),
    [
        ("new.txt", Seen(state()), Seen(state())),
        ("new.md", Seen(state(), "hidden"), Seen(state())),
        ("new.md", Seen(state()), Seen(state(), "hidden")),
        ("new.md", Seen(state(mtime=2)), Seen(state())),
    ],
)
def test_a_file_is_read_anew_where_a_move_changed_more_than_its_path(
    new: str, on_disk: Seen, cataloged: Seen
) -> None:
    """Another suffix, a rule on either side, and another time are no plain move."""
    jobs = reconcile({Path(new): on_disk}, {Path("old.md"): cataloged})
    assert [type(job) for job in jobs] == [Delete, Skip if on_disk.skip else Upsert]


def test_of_several_names_of_a_file_each_moves_to_its_like() -> None:
    """Hard links share an inode; a folder that moves takes each of them along."""
    jobs = reconcile(
        {Path(f"new/{name}.md"): Seen(state()) for name in "ba"},
        {Path(f"old/{name}.md"): Seen(state()) for name in "cab"},
    )
    assert jobs == [
        Delete(Path("old/c.md")),
        Move(Path("old/a.md"), Path("new/a.md"), state()),
        Move(Path("old/b.md"), Path("new/b.md"), state()),
    ]


def test_a_file_that_a_rule_now_leaves_out_is_skipped() -> None:
    """A changed rule is work even where the file did not change."""
    disk = {Path("a.md"): Seen(state(), "[index] exclude: *.md")}
    assert reconcile(disk, {Path("a.md"): Seen(state())}) == [
        Skip(Path("a.md"), state(), "[index] exclude: *.md"),
    ]


def test_a_skipped_file_that_no_rule_leaves_out_any_more_is_read() -> None:
    """A lifted rule is work as well."""
    assert reconcile({Path("a.md"): Seen(state())}, {Path("a.md"): Seen(state(), "hidden")}) == [
        Upsert(Path("a.md"), state())
    ]


@given(on_disk=SIDES, cataloged=SIDES)
def test_carrying_out_the_jobs_leaves_nothing_to_do(
    on_disk: dict[Path, Seen], cataloged: dict[Path, Seen]
) -> None:
    """One pass converges, whatever the two sides held before."""
    after = dict(cataloged)
    for job in reconcile(on_disk, cataloged):
        if isinstance(job, Delete):
            del after[job.path]
        elif isinstance(job, Move):
            del after[job.old]
            after[job.path] = Seen(job.state)
        elif isinstance(job, Skip):
            after[job.path] = Seen(job.state, job.reason)
        else:
            after[job.path] = Seen(job.state)
    assert after == on_disk
    assert reconcile(on_disk, after) == []


@given(on_disk=SIDES, cataloged=SIDES)
def test_every_path_has_at_most_one_job(on_disk: dict[Path, Seen], cataloged: dict[Path, Seen]) -> None:
    """No file is worked on twice, and nothing that agrees is touched."""
    jobs = reconcile(on_disk, cataloged)
    touched = [job.path for job in jobs] + [job.old for job in jobs if isinstance(job, Move)]
    assert len(touched) == len(set(touched))
    assert all(on_disk.get(path) != cataloged.get(path) for path in touched)


def test_a_root_covers_itself_and_what_is_below_it() -> None:
    """A folder whose name only begins alike is not covered."""
    roots = [Path("/home/me/notes")]
    assert covering(Path("/home/me/notes"), roots) == roots[0]
    assert covering(Path("/home/me/notes/2024/a.md"), roots) == roots[0]
    assert covering(Path("/home/me/notes-old"), roots) is None


def test_what_was_just_written_comes_first_then_what_is_small() -> None:
    """A fresh large file precedes an old small one; among files of one age the small one wins."""
    now_s = 1_000_000_000.0
    fresh_large = state(size=9_000, mtime=int((now_s - 60) * 1e9))
    old_small = state(size=10, mtime=int((now_s - 86_400) * 1e9))
    old_large = state(size=9_000, mtime=int((now_s - 86_000) * 1e9))
    ranked = sorted([old_large, old_small, fresh_large], key=lambda each: priority(each, now_s=now_s))
    assert ranked == [fresh_large, old_small, old_large]
