"""Markdown that grows → blocks of it that no longer change; pure.

An answer is drawn block by block, so that only its last block is drawn again as
it grows. A block is settled once another follows behind a blank line, and the
first line of that one is whole: what comes later cannot change it any more,
since references to what is said elsewhere are not followed.
"""

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = (
    # raw HTML and definitions of links are shown as they stand.
    MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("reference")
)
"""Reads Markdown as it is drawn."""

_OUTLINE = MarkdownIt("commonmark", {"html": False}).enable("table").disable("reference")
_OUTLINE.core.ruler.enableOnly(["normalize", "block"])


class Blocks:
    """A text that grows at its end, in blocks that are drawn one by one."""

    def __init__(self, text: str = "") -> None:
        self.settled: list[str] = []
        """Blocks that do not change any more; only ever added to until the text is replaced."""

        self.last = ""
        """What follows them, and may still change."""

        self.append(text)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.settled) + self.last

    def append(self, text: str) -> None:
        """Add to the end."""
        self.last += text
        at = 0
        for end in _ends(self.last):
            self.settled.append(self.last[at:end])
            at = end
        self.last = self.last[at:]

    def replace(self, text: str) -> None:
        """Take another text; blocks that it begins with as well stay settled."""
        kept = 0
        at = 0
        for block in self.settled:
            if not text.startswith(block, at):
                break
            kept, at = kept + 1, at + len(block)
        del self.settled[kept:]
        self.last = ""
        self.append(text[at:])


def _ends(text: str) -> list[int]:
    """Return where blocks of a text end that are settled, in order."""
    if "\n" not in text:
        return []
    lines = text.split("\n")
    # the last line may go on.
    whole = len(lines) - 1
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return [
        starts[line]
        for line in _first_lines(_OUTLINE.parse(text))[1:]
        if line < whole and not lines[line - 1].strip()
    ]


def _first_lines(tokens: list[Token]) -> list[int]:
    """Return the first line of every block that is in no other."""
    return [token.map[0] for token in tokens if token.map and token.level == 0 and token.nesting >= 0]
