"""Completing filters while they are typed: `in:pro` → `in:projects/`; pure.

What a filter may become is asked of the daemon; where one is being typed, and how what
was chosen is written so that it is read as one filter, is decided here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.types import Offer

_BEGUN = re.compile(
    r"""(?<!\S)(?P<name>-?in|exclude|type|tag|since|after|before):(?P<quote>["']?)(?P<value>(?!//|:).*)$""",
    re.IGNORECASE,
)
_NEEDS_QUOTES = re.compile(r"""\s|^["':]|^//|[?!.,;)]$""")


@dataclass(frozen=True, slots=True)
class Begun:
    """A filter that is being typed, up to the cursor."""

    name: str
    """In lower case."""

    value: str
    """What stands behind its colon, without a quotation mark before it."""

    quote: str
    """The quotation mark before it; empty for none."""

    start: int
    """Where its value begins in the line, the quotation mark included."""


def begun_filter(line: str, column: int) -> Begun | None:
    """Return the filter that the cursor stands behind; `None` where it is in other text.

    Args:
        line: As it is written.
        column: Where the cursor is.
    """
    if line[column : column + 1].strip():
        # in the middle of a word nothing is completed.
        return None
    before = line[:column]
    # the last one that could be it: what stands before may hold colons and quotation marks as well.
    for found in reversed([*re.finditer(r"(?<!\S)-?[a-zA-Z]+:", before)]):
        begun = _BEGUN.match(before, found.start())
        if begun is None:
            continue
        quote, value = begun["quote"], begun["value"]
        is_over = quote in value if quote else bool(re.search(r"\s", value))
        return None if is_over else Begun(begun["name"].lower(), value, quote, begun.start("quote"))
    return None


def written(begun: Begun, offer: "Offer") -> str:
    """Return an offer as it is written in place of what was typed.

    A folder stays open, so that what stands in it can be typed on; all else is closed.
    """
    is_open = offer.value.endswith("/")
    quote = begun.quote or ('"' if _NEEDS_QUOTES.search(offer.value) else "")
    if quote and quote in offer.value:
        quote = "'" if quote == '"' else '"'
    return quote + offer.value + ("" if is_open else quote)


def ghost(begun: Begun, offer: "Offer") -> str:
    """Return what is shown behind the cursor for an offer: what is missing, or all of it behind an arrow."""
    whole = written(begun, offer)
    typed = begun.quote + begun.value
    return whole[len(typed) :] if whole.startswith(typed) else f" → {whole}"


class Choice:
    """Offers for a filter, one of which is chosen.

    Args:
        begun: What they complete.
        offers: The likeliest first; at least one.
    """

    def __init__(self, begun: Begun, offers: "Sequence[Offer]") -> None:
        self.begun = begun
        self.offers = offers
        self.place = 0

    @property
    def chosen(self) -> "Offer":
        """The one that is taken."""
        return self.offers[self.place]

    def move(self, step: int) -> None:
        """Choose another one; behind the last comes the first."""
        self.place = (self.place + step) % len(self.offers)

    def narrowed(self, begun: Begun) -> "Choice | None":
        """Return what of it still fits when somebody has typed on; `None` if nothing does."""
        if (begun.name, begun.quote, begun.start) != (self.begun.name, self.begun.quote, self.begun.start):
            return None
        typed = begun.value.casefold()
        fitting = [
            offer
            for offer in self.offers
            if offer.value.casefold().startswith(typed) and offer.value != begun.value
        ]
        return Choice(begun, fitting) if fitting else None
