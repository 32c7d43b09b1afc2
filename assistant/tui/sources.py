"""What stands behind the numbers of an answer, as the app shows it; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.terminal import plain_line
from assistant.types import Citation
from indexer.types import Locator, Passage, Span

if TYPE_CHECKING:
    from assistant.history import Source as StoredSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage with its number."""

    number: int
    passage: Passage
    quotes: tuple[Span, ...] = ()
    """What of it bears the answer: spans of its text in order, none over another."""

    locator: Locator
    """Where the first of these stands."""

    places: str = ""
    """Where all of them stand: "line 4; lines 7-9"."""

    is_stored: bool = False
    """Whether only the quotes are known, as they stood when they were cited."""

    @property
    def line(self) -> str:
        """The file, and the places in it."""
        name = plain_line(self.passage.short_path)
        return f"{name}, {self.places}" if self.places else name


def of_citations(citations: Sequence[Citation]) -> tuple[Source, ...]:
    """Put the citations of each number together."""
    found: list[Source] = []
    for number, group in groupby(citations, key=lambda one: one.n):
        cited = list(group)
        passage = cited[0].passage
        spans = (_span(passage.text, one.quote) for one in cited)
        found.append(
            Source(
                number=number,
                passage=passage,
                quotes=_merged(span for span in spans if span is not None),
                locator=cited[0].locator,
                places=_places(one.locator for one in cited),
            )
        )
    return tuple(found)


def of_passages(passages: Sequence[Passage]) -> tuple[Source, ...]:
    """Number passages that nothing cites: the nearest, or those that are being read."""
    return tuple(
        Source(
            number=number,
            passage=passage,
            quotes=_merged(passage.highlights),
            locator=passage.locator,
            places=passage.locator.describe(),
        )
        for number, passage in enumerate(passages, start=1)
    )


def of_stored(sources: "Sequence[StoredSource]", roots: Sequence[Path] = ()) -> tuple[Source, ...]:
    """Make sources of what was kept: of each passage only the sentences that were cited.

    Args:
        sources: In the order of their numbers.
        roots: The folders that are indexed, so that short names can be shown.
    """
    found: list[Source] = []
    for number, group in groupby(sources, key=lambda one: one.n):
        kept = list(group)
        quotes = list(dict.fromkeys(one.quote for one in kept if one.quote))
        text = "\n…\n".join(quotes)
        path = kept[0].path
        passage = Passage(
            chunk_id=0,
            path=path,
            root=next((root for root in roots if path.is_relative_to(root)), path.parent),
            title=path.stem,
            text=text,
            locator=kept[0].locator,
            score=0.0,
            similarity=0.0,
            lexical=0.0,
        )
        found.append(
            Source(
                number=number,
                passage=passage,
                quotes=_merged(span for quote in quotes if (span := _span(text, quote)) is not None),
                locator=kept[0].locator,
                places=_places(one.locator for one in kept),
                is_stored=True,
            )
        )
    return tuple(found)


def with_sources(text: str, sources: Sequence[Source]) -> str:
    """Return an answer as Markdown, its sources listed below."""
    listed = [
        f"- [{source.number}] `{plain_line(str(source.passage.path))}`"
        + (f", {source.places}" if source.places else "")
        for source in sources
    ]
    return "\n\n".join(part for part in (text.strip(), "\n".join(listed)) if part) + "\n"


def _places(locators: Iterable[Locator]) -> str:
    return "; ".join(dict.fromkeys(where for locator in locators if (where := locator.describe())))


def _span(text: str, quote: str) -> Span | None:
    start = text.find(quote) if quote else -1
    return Span(start=start, end=start + len(quote)) if start >= 0 else None


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Put spans in order, those that overlap in one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        if merged and span.start < merged[-1].end:
            merged[-1] = Span(start=merged[-1].start, end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)
