"""`kb add`, `kb remove`, `kb roots`, `kb index`, `kb status` and `kb files` through a real daemon."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import kb


@pytest.fixture(scope="module")
def own() -> Iterator[Path]:
    """Return a base folder with a home of its own, for what changes the index."""
    base = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    yield base
    kb(base / "home", "indexer", "stop")
    shutil.rmtree(base, ignore_errors=True)


def test_a_folder_lives_from_add_to_remove(own: Path) -> None:
    """Added it is found, changed it is found anew after `kb index`, removed it is gone."""
    home, notes = own / "home", own / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("The lighthouse opens at nine.\n", encoding="utf-8")
    added = kb(home, "add", str(notes))
    assert (added.code, added.out) == (0, "1 file new or changed, 1 chunk indexed; the index holds 1 file\n")
    assert json.loads(kb(home, "roots", "--json").out)[0]["path"] == str(notes)
    assert kb(home, "roots").out == f"{notes}\t1 file\n"

    (notes / "b.md").write_text("The harbour closes at five.\n", encoding="utf-8")
    # the watcher may have been quicker, or just as quick.
    said = kb(home, "index").out
    assert re.match(r"[0-2] files? new or changed, [01] chunks? indexed", said)
    assert said.endswith("; the index holds 2 files\n")
    assert "harbour" in kb(home, "search", "-n", "1", "harbour").out

    read_last = home / "run" / "prompt.state"
    read_last.write_bytes(b"The lighthouse opens at nine.")
    removed = kb(home, "remove", str(notes))
    assert (removed.code, removed.out) == (0, f"forgot {notes}: 2 files\n")
    assert not read_last.exists()
    assert (notes / "a.md").exists()
    listed = kb(home, "roots", "--json")
    assert (listed.code, listed.out) == (1, "[]\n")


def test_no_wait_returns_at_once(own: Path) -> None:
    """The folder is known before it is indexed, and the rest happens behind the person's back."""
    home, notes = own / "home", own / "more"
    notes.mkdir()
    (notes / "c.md").write_text("The ferry leaves at noon.\n", encoding="utf-8")
    run = kb(home, "add", "--no-wait", str(notes))
    assert (run.code, run.out) == (0, "")
    assert run.err == "kb: indexing goes on in the background; kb status shows it\n"
    assert kb(home, "index").code == 0
    assert "ferry" in kb(home, "search", "-n", "1", "ferry").out


def test_what_failed_is_named(own: Path) -> None:
    """A file that cannot be read is counted, and listed with its reason."""
    home, notes = own / "home", own / "broken"
    notes.mkdir()
    (notes / "bad.pdf").write_bytes(b"%PDF-1.4 nothing of a PDF follows")
    run = kb(home, "add", str(notes))
    assert run.code == 0
    assert run.err == "kb: 1 file could not be read\n  `kb files --state failed` lists them\n"
    listed = kb(home, "files", "--state", "failed")
    state, path, reason, since, again = listed.out.rstrip("\n").split("\t")
    assert (state, path, again) == ("failed", f"{notes}/bad.pdf", "tried again when it changes")
    assert reason
    assert re.fullmatch(r"since \d+ s ago", since)
    (entry,) = json.loads(kb(home, "files", "--in", str(notes), "--json").out)
    assert entry["reason"] == reason
    retried = kb(home, "index", "--retry")
    assert retried.err.startswith("kb: 1 failed file is read again\n")
    assert json.loads(kb(home, "files", "--state", "failed", "--json").out)[0]["attempts"] == 2
    rows = dict(line.split("\t", 1) for line in kb(home, "status").out.splitlines())
    assert rows["error"].startswith(f"{notes}/bad.pdf: {reason}, ")
    assert rows["error"].endswith(" s ago")


def test_status_tells_what_is_indexed(home: Home) -> None:
    """Folder, files by state, chunks and model, for people and as JSON."""
    run = kb(home.path, "status")
    assert run.code == 0
    rows = dict(line.split("\t", 1) for line in run.out.splitlines())
    assert rows["indexer"].startswith("idle, pid ")
    assert rows["folder"].startswith(str(home.vault))
    assert rows["files"] == "5 indexed"
    assert "all-MiniLM-L6-v2" in rows["embedding"]
    said = json.loads(kb(home.path, "status", "--json").out)
    assert said["files"]["indexed"] == 5


def test_files_lists_the_ledger(home: Home) -> None:
    """Each file with its state; a state nobody is in is an empty array and exit code 1."""
    listed = kb(home.path, "files")
    assert listed.code == 0
    assert f"indexed\t{home.vault}/cabin.md\t" in listed.out
    none = kb(home.path, "files", "--state", "failed", "--json")
    assert (none.code, none.out) == (1, "[]\n")


def test_only_what_failed_in_this_run_is_counted(own: Path) -> None:
    """A folder that is added later says nothing of what failed before."""
    home, notes = own / "home", own / "sound"
    assert kb(home, "files", "--state", "failed").code == 0
    notes.mkdir()
    (notes / "d.md").write_text("The museum closes at six.\n", encoding="utf-8")
    assert kb(home, "add", str(notes)).err == ""
    assert kb(home, "index").err == ""


def test_a_folder_that_is_away_is_named_and_its_files_are_forgotten_on_demand(own: Path) -> None:
    """`kb index` and `kb roots` say so; `--prune` says how many files of which folder it forgot."""
    home, notes = own / "home", own / "disk"
    notes.mkdir()
    (notes / "e.md").write_text("The tram leaves every ten minutes.\n", encoding="utf-8")
    assert kb(home, "add", str(notes)).code == 0
    assert kb(home, "index", "--prune").err == "kb: no folder is away, so nothing is forgotten\n"
    notes.rename(own / "unmounted")
    looked = kb(home, "index")
    assert (looked.code, looked.err.splitlines()) == (
        0,
        [
            f"kb: {notes} is away: it is gone, or was emptied at once; nothing of it is forgotten",
            f"  `kb index --prune` forgets its files, `kb remove {notes}` the folder too",
        ],
    )
    assert f"{notes}\t1 file\taway: it is gone, or was emptied at once\n" in kb(home, "roots").out
    assert kb(home, "files", "--in", str(notes)).code == 0
    found = kb(home, "search", "--in", str(notes), "tram")
    assert "The tram leaves every ten minutes." in found.out
    pruned = kb(home, "index", "--prune")
    assert pruned.code == 0
    assert pruned.out.endswith(f"forgot 1 file of {notes}; the folder stays in the list\n")
    none = kb(home, "files", "--in", str(notes))
    assert (none.code, none.err) == (1, f"kb: no file is known in {notes}\n")
    assert kb(home, "index", "--prune", "--no-wait").code == 2


def test_no_file_is_said_in_words(home: Home) -> None:
    """In no state, in no folder, or in one that is not indexed: stdout stays empty."""
    assert kb(home.path, "files", "--state", "failed").err == "kb: no file is failed\n"
    sub = home.vault / "sub"
    assert (
        kb(home.path, "files", "--state", "failed", "--in", str(sub)).err
        == f"kb: no file is failed in {sub}\n"
    )
    outside = kb(home.path, "files", "--in", "/nope")
    assert (outside.code, outside.out) == (1, "")
    assert outside.err == "kb: /nope is under no indexed folder\n  `kb why /nope` says more\n"
