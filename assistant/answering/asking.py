"""One question on its way, and all that it is answered with."""

from dataclasses import dataclass, replace

from assistant.answering.finding import Searcher
from assistant.answering.results import Clock
from assistant.config import AnswerSettings
from assistant.generating import TextGenerator
from assistant.types import PassagesFound, Question, Understood
from indexer.types import Filters, SearchResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What every way of answering is given."""

    question: Question
    text: str
    """The question as it stands by itself."""

    searcher: Searcher
    generator: TextGenerator | None
    """`None` for the files' own words."""

    settings: AnswerSettings
    clock: Clock

    def search(self, query: str, *, top_k: int, filters: Filters | None = None) -> SearchResult:
        """Search, in what the question is confined to unless told otherwise."""
        return self.searcher.search(query, top_k=top_k, filters=filters or self.question.filters)

    def announce(self, found: SearchResult) -> tuple[Understood | PassagesFound, ...]:
        """Return the events that tell of a search."""
        self.clock.keep("search")
        told = PassagesFound(found.passages, found.as_of, found.pending)
        if self.text == self.question.text.strip() and not found.remarks:
            return (told,)
        is_rewritten = self.text != self.question.text.strip()
        return Understood(self.text, found.filters, found.remarks, is_rewritten), told

    def within(self, *paths: str) -> "Asking":
        """Return the same question, confined to some files."""
        filters = replace(self.question.filters, within=paths)
        return replace(self, question=replace(self.question, filters=filters))
