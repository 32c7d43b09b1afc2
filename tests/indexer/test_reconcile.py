"""The pure decision: which jobs bring the catalog in step with the disk."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from indexer.reconcile import Delete, Seen, Skip, Upsert, covering, priority, reconcile
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


def test_a_moved_file_is_deleted_before_it_is_added() -> None:
    """The old path goes first, so a search never finds the text twice."""
    assert reconcile({Path("new.md"): Seen(state())}, {Path("old.md"): Seen(state())}) == [
        Delete(Path("old.md")),
        Upsert(Path("new.md"), state()),
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
    touched = [job.path for job in jobs]
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
