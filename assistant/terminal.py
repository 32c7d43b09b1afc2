r"""Text that may be shown on a terminal; pure.

Documents, file names and models are strangers: what they hold must not move
the cursor, write the clipboard, or show a line in another order than it is
stored. Everything a face prints goes through here, except JSON, which escapes.
"""

import re

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS
    r"|\x1b[ -/]*[0-Z\\`-~]"  # two-character sequences
)
_UNFINISHED = re.compile(
    r"(?:\x1b|\x9b|[\x90\x98\x9d-\x9f])"
    r"(?:\[?[0-?]*[ -/]*|[\]PX^_]?[^\x07\x1b\x90\x98\x9c-\x9f]*\x1b?)$"
)
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_HARMFUL = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls but tab and line feed
    r"\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"  # order and invisible marks
    r"\U000e0000-\U000e007f]"  # tag characters
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")

_LONGEST_HELD_CHARS = 256


def plain(text: str) -> str:
    """Remove what could drive a terminal; letters, tabs and line ends stay."""
    text = _LINE_END.sub("\n", _SEQUENCE.sub("", text))
    return _SURROGATE.sub("\ufffd", _HARMFUL.sub("", text))


def plain_line(text: str) -> str:
    """Return `plain` text on one line, every run of white space one blank."""
    return _SPACE.sub(" ", plain(text)).strip()


def with_stand_ins(text: str) -> str:
    """Return a text of the same length, in which what `plain` removes is a sign instead; line ends stay."""
    return _SURROGATE.sub("\ufffd", _HARMFUL.sub("\ufffd", text))


class PlainStream:
    """`plain` for text that arrives in pieces, where a sequence may be cut in two."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what of the text so far can be shown now."""
        text = self._held + piece
        self._held = ""
        unfinished = _UNFINISHED.search(_SEQUENCE.sub("", text))
        # a carriage return may be half a line end; a sequence that never ends is not waited for.
        if unfinished and len(unfinished[0]) <= _LONGEST_HELD_CHARS:
            self._held = unfinished[0]
        elif text.endswith("\r"):
            self._held = "\r"
        return plain(text[: len(text) - len(self._held)])

    def close(self) -> str:
        """Return what was held back."""
        held, self._held = self._held, ""
        return plain(held)
