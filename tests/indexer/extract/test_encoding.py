"""Tests of reading bytes as text."""

import codecs

import pytest

from indexer.errors import PermanentError
from indexer.extract.encoding import MAX_TEXT_CHARS, decode

GERMAN = "Die Hütte am See wurde 1987 rot gestrichen, weil die Großmutter es so wünschte. " * 4
JAPANESE = "湖のほとりの小屋は一九八七年に赤く塗られた。窓は白いままである。" * 8
RUSSIAN = "Домик у озера покрасили в красный цвет ещё в тысяча девятьсот восемьдесят седьмом году. " * 4
KOREAN = "호숫가의 오두막은 빨간색으로 칠해졌다. 뷁, 똠방각하, 펲시콜라도 있다. " * 6


@pytest.mark.parametrize("text", ["", "plain", "café", GERMAN, JAPANESE, "🏠"])
def test_utf8_is_believed(text: str) -> None:
    """Whatever is valid UTF-8 is UTF-8, also where it is short."""
    assert decode(text.encode()).text == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_byte_order_mark_decides(encoding: str) -> None:
    """Marked text is read as marked, and the mark is no part of it."""
    assert decode(("\ufeff" + JAPANESE).encode(encoding)).text == JAPANESE


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_text_is_known_by_its_zero_bytes(encoding: str) -> None:
    """A missing mark does not make text binary."""
    decoded = decode(GERMAN.encode(encoding))
    assert (decoded.text, decoded.encoding) == (GERMAN, encoding)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (GERMAN, "latin-1"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (JAPANESE, "gb18030"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (KOREAN, "cp949"),
        (KOREAN.replace("뷁", "집"), "johab"),
        ("湖边的小屋在一九八七年被漆成了红色。" * 10, "gbk"),
        ("湖边的小屋" * 4, "hz"),
        ("湖邊的小屋在一九八七年被漆成了紅色。" * 10, "big5"),
    ],
)
def test_old_encodings_are_recognised(text: str, encoding: str) -> None:
    """Text of some length tells its encoding."""
    assert decode(text.encode(encoding)).text == text


def test_short_text_is_taken_for_western() -> None:
    """A word is too little to guess from, and guesses are wrong about it."""
    assert decode("größer als café".encode("latin-1")).text == "größer als café"


def test_what_a_file_says_of_itself_is_used() -> None:
    """A declared encoding decides where UTF-8 does not fit."""
    text = "Příliš žluťoučký kůň"
    assert decode(text.encode("cp1250"), declared="cp1250").text == text


def test_a_declared_encoding_that_nobody_knows_is_passed_over() -> None:
    """A misspelt declaration costs nothing."""
    assert decode("größer".encode("latin-1"), declared="no-such-thing").text == "größer"


def test_a_few_broken_bytes_do_not_change_the_encoding() -> None:
    """A log in UTF-8 with one bad byte stays UTF-8."""
    assert decode(GERMAN.encode() + b"\xff" + GERMAN.encode()).text == GERMAN + "\ufffd" + GERMAN


def test_line_ends_become_line_feeds() -> None:
    """Lines are counted alike whatever system wrote them."""
    assert decode(b"one\r\ntwo\rthree\n").text == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0",
        bytes(range(256)) * 4,
        bytes(range(1, 32)) * 9,
        codecs.BOM_UTF16_LE + b"a\0\0\0",
        b"text" + b"\0" * 9,
    ],
)
def test_binary_is_refused(data: bytes) -> None:
    """Programs and pictures are named for what they are."""
    with pytest.raises(PermanentError, match="it looks binary"):
        decode(data)


def test_very_long_text_is_cut_at_a_line_and_says_so() -> None:
    """What is left out is told in numbers."""
    decoded = decode(b"a line of text\n" * (MAX_TEXT_CHARS // 15 + 1000))
    assert MAX_TEXT_CHARS - 20 < len(decoded.text) <= MAX_TEXT_CHARS
    assert decoded.text.endswith("a line of text")
    assert decoded.notes == ("only the first 4,999,994 of 5,014,995 characters were read",)
