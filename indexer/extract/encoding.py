"""Bytes → text, when nobody says which encoding they are in.

Strict UTF-8 is tried before any guessing, because text that happens to be valid
UTF-8 almost always is, and guessing is wrong about short texts ("café" in
UTF-8 is taken for UTF-16).
"""

import codecs
import re
from dataclasses import dataclass

from indexer.errors import PermanentError

MAX_TEXT_CHARS = 5_000_000
"""Longer texts are cut, and the document says so."""

_SAMPLE_BYTES = 65_536
_DETECT_FROM_BYTES = 200
_BINARY_SHARE = 0.05

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    # before UTF-16, whose little-endian mark it begins with.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# bytes that text does not hold: without tab, line ends, form feed, backspace, escape and Ctrl-Z.
_CONTROL = bytes(set(range(32)) - {8, 9, 10, 11, 12, 13, 26, 27})

# encodings that hide in plain ASCII, by the sequence that switches them on.
_SHIFTED = (
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
    (re.compile(rb"\x1b(?:\$[@B]|\(J)"), "iso2022_jp"),
    (re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e]){2,}~\}"), "hz"),
)
_HANGUL = re.compile("[가-힣]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_WESTERN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœ€£§©®°«»¿¡–—‘’“”„…·•\u00a0")
# single-byte encodings that detection confuses with Western European: most letters stand at the same place.
_LIKE_WESTERN = (
    "cp1250 cp1252 cp1254 cp1257 cp1258 iso8859_1 iso8859_2 iso8859_9 iso8859_15 iso8859_10 "
    "iso8859_16 latin_1 mac_roman mac_latin2 cp850 cp437 cp858 hp_roman8"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with line feeds for line ends, and how it was read."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(data: bytes, *, declared: str | None = None) -> Decoded:
    """Turn a file's bytes into text.

    Args:
        data: The whole file.
        declared: The encoding the file names for itself; believed unless it does not fit.

    Raises:
        PermanentError: If this is no text.
    """
    text, encoding = _decode(data, declared)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if len(text) <= MAX_TEXT_CHARS:
        return Decoded(text, encoding)
    end = max(text.rfind("\n", 0, MAX_TEXT_CHARS), MAX_TEXT_CHARS // 2)
    return Decoded(text[:end], encoding, (f"only the first {end:,} of {len(text):,} characters were read",))


def _decode(data: bytes, declared: str | None) -> tuple[str, str]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            if "\0" in text[:_SAMPLE_BYTES]:
                raise PermanentError("it looks binary")
            return text, encoding
    if b"\0" in data:
        return _decode_wide(data)
    sample = data[:_SAMPLE_BYTES]
    shifted = [encoding for pattern, encoding in _SHIFTED if pattern.search(sample)]
    if not shifted and len(sample) - len(sample.translate(None, _CONTROL)) > _BINARY_SHARE * len(sample):
        raise PermanentError("it looks binary")
    for encoding in (*shifted, "utf-8", *([declared] if declared else [])):
        if (found := _strictly(data, encoding)) is not None:
            return found, encoding
    return _guess(data)


def _guess(data: bytes) -> tuple[str, str]:
    if (found := _damaged_utf8(data)) is not None:
        return found, "utf-8"
    if len(data) > _DETECT_FROM_BYTES and (detected := _detect(data)) is not None:
        return data.decode(detected, "replace"), detected
    found = _strictly(data, "cp1252")
    return (found, "cp1252") if found is not None else (data.decode("latin-1"), "latin-1")


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    # LookupError: a file may declare an encoding that nobody knows.
    except (UnicodeError, LookupError):
        return None


def _decode_wide(data: bytes) -> tuple[str, str]:
    """Read UTF-16 or UTF-32 without a mark, told by where the zero bytes stand."""
    sample = data[: _SAMPLE_BYTES // 4 * 4]
    zeros = [sample[i::4].count(0) * 4 / max(1, len(sample)) for i in range(4)]
    for encoding, shape in (
        ("utf-32-le", (0, 0, 1, 1)),
        ("utf-32-be", (1, 1, 0, 0)),
        ("utf-16-le", (0, 1, 0, 1)),
        ("utf-16-be", (1, 0, 1, 0)),
    ):
        fits = all(share > 0.3 if zero else share < 0.05 for share, zero in zip(zeros, shape, strict=True))
        if encoding.startswith("utf-32"):
            fits = all(share > 0.9 for share, zero in zip(zeros, shape, strict=True) if zero)
        text = _strictly(data, encoding) if fits else None
        if text is not None and "\0" not in text:
            return text, encoding
    raise PermanentError("it looks binary")


def _damaged_utf8(data: bytes) -> str | None:
    """Read text that is UTF-8 but for a few bytes, as logs of many programs are."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = len(_NOT_ASCII.findall(text)) - broken
    return text if broken * 10 <= sound else None


def _detect(data: bytes) -> str | None:
    """Guess an encoding from the stretch in which the text first leaves ASCII."""
    # deferred: most files are UTF-8 and never come here.
    from charset_normalizer import from_bytes

    first = next((i for i, byte in enumerate(data) if byte > 127), 0)
    begin = data.rfind(b"\n", 0, first) + 1
    sample = data[begin : begin + _SAMPLE_BYTES]
    best = from_bytes(sample).best()
    if best is None:
        return _detect_korean(data)
    if best.encoding in _LIKE_WESTERN.split():
        western = _strictly(data, "cp1252")
        if western is not None and all(c in _WESTERN for c in set(_NOT_ASCII.findall(western))):
            return "cp1252"
    return str(best.encoding)


def _detect_korean(data: bytes) -> str | None:
    """Tell the Korean encodings that detection does not know, by most of the text being Hangul."""
    for encoding in ("cp949", "johab"):
        text = _strictly(data, encoding)
        if text is not None and len(_HANGUL.findall(text)) > 0.5 * len(_NOT_ASCII.findall(text)):
            return encoding
    return None
