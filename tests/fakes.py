"""Small real classes that stand in for slow parts, and makers of plain values."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from assistant.engine.types import ChatOptions, Delta, Finished, FinishReason, Progress, Usage
from assistant.types import Message
from indexer.types import EVERYTHING, Filters, Locator, Passage, SearchResult, Span

VAULT = Path("/vault/notes")


def make_passage(
    text: str,
    *,
    name: str = "cabin.md",
    line_start: int | None = 1,
    page: int | None = None,
    headings: tuple[str, ...] = (),
    score: float = 0.9,
    similarity: float = 0.6,
    highlights: Sequence[tuple[int, int]] = (),
) -> Passage:
    """Make a passage whose lines are exact, or that stands on a page when one is given."""
    line_end = None if line_start is None else line_start + text.count("\n")
    locator = (
        Locator(page_start=page, page_end=page, headings=headings)
        if page is not None
        else Locator(line_start=line_start, line_end=line_end, headings=headings)
    )
    return Passage(
        chunk_id=hash((name, text)),
        path=VAULT / name,
        root=VAULT,
        title=Path(name).stem,
        text=text,
        locator=locator,
        score=score,
        similarity=similarity,
        lexical=1.0,
        highlights=tuple(Span(start=start, end=end) for start, end in highlights),
    )


class FakeSearcher:
    """Finds what it was given, whatever is asked, and keeps what was asked.

    Args:
        passages: Results by query; the key "" stands for every other query.
    """

    def __init__(
        self, passages: Sequence[Passage] = (), *, by_query: dict[str, Sequence[Passage]] | None = None
    ) -> None:
        self._passages = passages
        self._by_query = by_query or {}
        self.asked: list[tuple[str, int, Filters]] = []
        self.beside: list[str] = []

    def search(
        self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, beside: str = ""
    ) -> SearchResult:
        """Return the first `top_k` of what this query finds."""
        self.asked.append((query, top_k, filters))
        self.beside.append(beside)
        found = self._by_query.get(query, self._passages)
        return SearchResult(
            passages=tuple(found[:top_k]), as_of=1.0, pending=0, took_ms=1.0, question=query, filters=filters
        )


class FakeGenerator:
    """Writes scripted pieces, one token per word, and keeps what it was asked.

    Args:
        pieces: Text pieces, `Delta` where the kind matters, and what goes on before them.
        context_tokens: Context it claims to have.
        reason: Why it says that it ended.
    """

    model_name = "scripted.gguf"

    def __init__(
        self,
        pieces: Sequence[str | Delta | Progress] = (),
        *,
        context_tokens: int = 4096,
        reason: FinishReason = "stop",
    ) -> None:
        self._pieces = pieces
        self._reason = reason
        self._context_tokens = context_tokens
        self.messages: list[Message] = []
        self.options = ChatOptions(max_tokens=0)
        self.is_closed = False
        self.counted = 0

    def wait_ready(self) -> dict[str, Any]:
        """Claim to be loaded."""
        return {"state": "ready", "context_tokens": self._context_tokens}

    def count_tokens(self, text: str) -> int:
        """Count words."""
        self.counted += 1
        return len(text.split())

    def chat(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> Generator[Delta | Progress | Finished, None, None]:
        """Write the script."""
        self.messages = list(messages)
        self.options = options
        try:
            for piece in self._pieces:
                yield Delta("text", piece) if isinstance(piece, str) else piece
            yield Finished(
                reason=self._reason, usage=Usage(prompt_tokens=1, cached_tokens=0, completion_tokens=1)
            )
        finally:
            self.is_closed = True
