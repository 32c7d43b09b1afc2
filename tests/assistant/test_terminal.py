"""Nothing a stranger wrote drives the terminal."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.terminal import PlainStream, plain, plain_line

HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1bPq#0;2;0;0;0\x1b\\sixel", "sixel"),
        ("a\x08b\x00c\x7f", "abc"),
        ("user\u202egpj.exe", "usergpj.exe"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("tab\tstays, é 漢 👩‍👧 stay", "tab\tstays, é 漢 👩‍👧 stay"),
        ("lone \ud83d surrogate", "lone \ufffd surrogate"),
    ],
)
def test_what_drives_a_terminal_is_removed(text: str, shown: str) -> None:
    """Sequences vanish whole, controls and order marks singly, letters and line ends stay."""
    assert plain(text) == shown


def test_a_line_stays_one_line() -> None:
    """A file name with a line end in it cannot forge a second line."""
    assert plain_line("notes\n[2] other.md\t x ") == "notes [2] other.md x"


@given(st.text(st.characters() | st.sampled_from("\x1b\x9b[]m;\\\x07\x9c\r\n")))
def test_nothing_harmful_is_left(text: str) -> None:
    """Whatever is thrown at it, no control character comes out, and doing it twice changes nothing."""
    shown = plain(text)
    assert not HARMFUL.search(shown)
    assert plain(shown) == shown


@given(st.lists(st.text(st.sampled_from("ab\x1b\x9b[]m;31\\\x07\r\n"), max_size=6)))
def test_a_stream_shows_nothing_harmful(pieces: list[str]) -> None:
    """However a text is cut into pieces, no control character comes out."""
    stream = PlainStream()
    shown = "".join([*map(stream.feed, pieces), stream.close()])
    assert not HARMFUL.search(shown)


@given(
    st.lists(
        st.sampled_from(["word ", "\x1b[31m", "\x1b]0;title\x07", "\x1b]8;;x\x1b\\", "\r\n", "\x1b7"]),
        max_size=8,
    ),
    st.integers(1, 5),
)
def test_a_stream_shows_what_the_whole_text_would(parts: list[str], size: int) -> None:
    """Well-formed sequences that are cut in two vanish as whole ones do."""
    text = "".join(parts) + "end"
    stream = PlainStream()
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert "".join([*map(stream.feed, pieces), stream.close()]) == plain(text)


def test_a_stream_does_not_wait_for_ever() -> None:
    """An opened sequence that never ends does not swallow the rest of an answer."""
    stream = PlainStream()
    shown = stream.feed("\x1b]" + "x" * 300) + stream.feed("the rest") + stream.close()
    assert shown.endswith("the rest")


def test_paths_lose_nothing_but_controls() -> None:
    """An ordinary path is shown as it is."""
    assert plain_line(str(Path("/home/ada/Über uns (1).md"))) == "/home/ada/Über uns (1).md"


def test_a_hostile_text_costs_no_time() -> None:
    """Openers without an end are passed over once each, however many there are."""
    assert plain("\x9d" * 200_000 + "\x1b]" * 100_000) == "]" * 100_000
