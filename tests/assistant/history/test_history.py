"""The real SQLite file of the conversations."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import HistoryError
from assistant.history import History, Source, StoredTurn
from indexer.types import Filters, Locator
from tests.waiting import PATIENCE_S

RENT = StoredTurn(
    question="How much is the rent?",
    standalone="How much is the rent?",
    answer="It is 4,200 kr a month [1].",
    sources=(
        Source(
            n=1, path=Path("/notes/lease.md"), locator=Locator(line_start=3, line_end=3), quote="4,200 kr."
        ),
    ),
    filters=Filters(tags=("home",), since=10.5),
    model="tiny.gguf",
    timings_ms={"search": 3.5},
    asked_at=100.0,
)


def turn(question: str, answer: str = "Yes [1].", *, asked_at: float = 100.0) -> StoredTurn:
    """Return a turn of which little matters."""
    return StoredTurn(question=question, standalone=question, answer=answer, asked_at=asked_at)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a history may stand."""
    return tmp_path / "history.sqlite"


@pytest.fixture
def history(file: Path) -> Iterator[History]:
    """Open an empty history, in which conversations begin at second 50."""
    with History.open(file, clock=lambda: 50.0) as opened:
        yield opened


def test_a_turn_comes_back_as_it_was_kept(history: History) -> None:
    """Question, answer, sources, filters, model and times survive, and the question is the title."""
    kept = history.add(RENT)
    assert history.turns(kept) == [RENT]
    conversation = history.conversation(kept)
    assert conversation is not None
    assert (conversation.title, conversation.turns) == ("How much is the rent?", 1)
    assert (conversation.begun_at, conversation.updated_at) == (50.0, 100.0)


def test_a_path_that_is_no_text_comes_back_the_same(history: History) -> None:
    """File names are bytes; those that are not UTF-8 are cited too."""
    path = Path(os.fsdecode(b"/notes/caf\xe9.md"))
    source = Source(n=1, path=path, locator=Locator(), quote="")
    kept = history.add(
        StoredTurn(question="q \udcff", standalone="q", answer="a", sources=(source,), asked_at=1)
    )
    assert history.turns(kept)[0].sources == (source,)


def test_turns_are_added_to_their_conversation(history: History) -> None:
    """In the order in which they were asked; the latest can be had alone."""
    kept = history.add(turn("one"))
    history.add(turn("other"))
    assert history.add(turn("two"), kept) == kept
    assert history.add(turn("three"), kept) == kept
    assert [each.question for each in history.turns(kept)] == ["one", "two", "three"]
    assert [each.question for each in history.turns(kept, latest=2)] == ["two", "three"]


def test_the_latest_conversation_is_that_of_the_last_question(history: History) -> None:
    """Whatever the clock says, which may be set back."""
    first = history.add(turn("first", asked_at=500.0))
    second = history.add(turn("second", asked_at=400.0))
    assert [each.id for each in history.conversations()] == [second, first]
    history.add(turn("more", asked_at=300.0), first)
    latest = history.latest()
    assert latest is not None
    assert latest.id == first
    assert [each.id for each in history.conversations(limit=1, offset=1)] == [second]


def test_a_conversation_that_was_deleted_meanwhile_is_begun_anew(history: History) -> None:
    """The answer is kept all the same, under an id that was never used."""
    kept = history.add(turn("one"))
    history.delete([kept])
    again = history.add(turn("two"), kept)
    assert again != kept
    assert [each.question for each in history.turns(again)] == ["two"]


def test_a_title_is_one_short_line(history: History) -> None:
    """A question of many lines gives a title that can be listed."""
    kept = history.add(turn("what\n does\tthis " + "long " * 100))
    conversation = history.conversation(kept)
    assert conversation is not None
    assert conversation.title.startswith("what does this long")
    assert len(conversation.title) <= 100
    assert history.rename(kept, "Taxes")
    renamed = history.conversation(kept)
    assert renamed is not None
    assert renamed.title == "Taxes"
    assert not history.rename(kept + 1, "Nobody")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rent", ["How much is the rent?"]),
        ("RENTS", ["How much is the rent?"]),
        ("kr month", ["How much is the rent?"]),
        ("rent nothing", []),
        ("mont", ["How much is the rent?"]),
        ("東京", ["東京はどこですか"]),
        ('"rent" OR * NEAR(', []),
        ("  ?! ", []),
        ("_", []),
    ],
)
def test_words_are_found_in_questions_and_answers(text: str, found: list[str], history: History) -> None:
    """All of them, inflected or as pieces of words; no character steers the search."""
    history.add(RENT)
    history.add(turn("東京はどこですか"))
    assert [each.turn.question for each in history.search(text)] == found


def test_what_is_found_says_where(history: History) -> None:
    """Conversation and number of the turn, counted from 1."""
    kept = history.add(turn("one"))
    history.add(turn("two: the heron"), kept)
    (found,) = history.search("heron")
    assert (found.conversation.id, found.number) == (kept, 2)


def test_questions_are_listed_each_once(history: History) -> None:
    """In the order in which they were asked last, the oldest first."""
    for question in ("rent?", "cabin?", "rent?", "boat?"):
        history.add(turn(question))
    assert history.questions(limit=10) == ["cabin?", "rent?", "boat?"]
    assert history.questions(limit=2) == ["rent?", "boat?"]


def test_what_is_deleted_leaves_no_bytes(history: History, file: Path) -> None:
    """Neither in the file nor beside it, while the rest stays and is found."""
    secret = history.add(turn("Where is the zanzibarian treasure?", "Under the quokkaberry [1]."))
    stays = history.add(RENT)
    for number in range(40):
        history.add(turn(f"filler {number} zanzibarian"), secret)
    assert history.delete([secret]) == 1
    left = b"".join(path.read_bytes() for path in file.parent.iterdir())
    for word in (b"zanzibar", b"quokkaberr", b"filler"):
        assert word not in left.lower()
    assert [each.id for each in history.conversations()] == [stays]
    assert len(history.search("rent")) == 1
    assert history.search("filler") == []


def test_everything_can_be_deleted(history: History, file: Path) -> None:
    """Titles and words go too."""
    history.add(turn("zanzibarian"))
    history.rename(1, "quokkaberry")
    assert history.delete_all() == 1
    left = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"zanzibar" not in left
    assert b"quokka" not in left
    assert history.latest() is None
    assert history.delete_all() == 0


def test_conversations_that_did_not_go_on_can_be_deleted_by_age(history: History) -> None:
    """One that has a later question stays whole."""
    old = history.add(turn("old", asked_at=10))
    goes_on = history.add(turn("begun", asked_at=10))
    history.add(turn("went on", asked_at=200), goes_on)
    assert history.delete_older(100) == 1
    assert history.conversation(old) is None
    assert len(history.turns(goes_on)) == 2


def test_nobody_else_can_read_the_file(history: History, file: Path) -> None:
    """Mode 0600 for all that SQLite makes, whatever the umask and whatever it was before."""
    history.add(RENT)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
    history.close()
    file.chmod(0o644)
    History.open(file).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_file_is_one_sentence(content: bytes, file: Path) -> None:
    """It names the file and what to do, and the file is left as it is."""
    file.write_bytes(content)
    with pytest.raises(HistoryError, match=str(file)) as raised:
        History.open(file)
    assert raised.value.hint == "move it away, and a new one is begun"
    assert file.read_bytes() == content


def test_damage_within_is_one_sentence(file: Path) -> None:
    """A row that holds something else than was written is no crash."""
    with History.open(file) as history:
        kept = history.add(RENT)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE turns SET more = '[]'")
    connection.close()
    with History.open(file) as history, pytest.raises(HistoryError, match="is damaged"):
        history.turns(kept)


def test_a_newer_file_is_refused(file: Path) -> None:
    """What a newer version wrote is not touched."""
    History.open(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(HistoryError, match="newer version of kb") as raised:
        History.open(file)
    assert raised.value.hint == "update kb"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """No directory, no history."""
    with pytest.raises(HistoryError, match="No such file or directory"):
        History.open(tmp_path / "gone" / "history.sqlite")


ADDING = """
import sys
from pathlib import Path
from assistant.history import History, StoredTurn

name, count = sys.argv[2], int(sys.argv[3])
with History.open(Path(sys.argv[1])) as history:
    conversation = None
    for number in range(count):
        turn = StoredTurn(question=f"{name} {number}", standalone="", answer="", asked_at=0)
        conversation = history.add(turn, conversation)
        print(number, flush=True)
"""


def adding(file: Path, name: str, count: int) -> subprocess.Popen[str]:
    """Start a process that keeps one turn after the other and says which."""
    return subprocess.Popen(
        [sys.executable, "-c", ADDING, str(file), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def test_several_processes_keep_turns_at_once(file: Path) -> None:
    """All open the file that is not there yet; nothing is lost, and no conversation is mixed up."""
    processes = [adding(file, name, 25) for name in ("heron", "crane", "stork")]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    with History.open(file) as history:
        found = [[turn.question for turn in history.turns(each.id)] for each in history.conversations()]
    assert sorted(found) == [
        [f"{name} {number}" for number in range(25)] for name in ("crane", "heron", "stork")
    ]


def test_opening_it_again_loses_nothing_to_other_processes(file: Path) -> None:
    """As the app does for every conversation, while `kb` asks in a shell beside it."""

    def add_beside(question: str) -> None:
        command = (
            f"from tests.assistant.history.test_history import *; h = History.open(Path({str(file)!r})); "
            f"h.add(turn({question!r})); h.close()"
        )
        subprocess.run([sys.executable, "-c", command], check=True, timeout=PATIENCE_S)

    with History.open(file) as first:
        first.add(turn("one"))
        with History.open(file) as second:
            second.add(turn("two"))
            add_beside("three")
            first.add(turn("four"))
            add_beside("five")
            second.add(turn("six"))
    with History.open(file) as later:
        assert later.questions(limit=9) == ["one", "two", "three", "four", "five", "six"]


def test_nothing_kept_is_lost_by_a_kill(file: Path) -> None:
    """Every turn that was said to be kept is there after SIGKILL."""
    process = adding(file, "heron", 100_000)
    assert process.stdout is not None
    for _ in range(20):
        last = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    said = process.stdout.read().split()
    process.stdout.close()
    process.wait()
    last = int(said[-1]) if said else last
    with History.open(file) as history:
        conversation = history.latest()
        assert conversation is not None
        assert conversation.turns in {last + 1, last + 2}
        assert next(each.turn.question for each in history.search(f"heron {last}")) == f"heron {last}"
