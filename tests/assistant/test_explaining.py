"""An answer with all that led to it."""

from pathlib import Path

from assistant.config import AnswerSettings
from assistant.explaining import borne, explain
from assistant.types import Answer, Question
from indexer.types import EVERYTHING, Filters, SearchResult, SearchTrace, Span
from tests.fakes import FakeGenerator, make_passage

RENT = make_passage("The rent is 4,200 kr a month.", name="lease.md", similarity=0.8)


class Explaining:
    """Finds the rent, and tells next to nothing of how."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, Path | None]] = []

    def search(
        self,
        query: str,
        *,
        top_k: int = 8,
        filters: Filters = EVERYTHING,
        beside: str = "",  # noqa: ARG002
    ) -> SearchResult:
        """Return the rent."""
        return SearchResult(
            passages=(RENT,)[:top_k],
            as_of=1.0,
            pending=0,
            took_ms=1.0,
            question=query,
            filters=filters,
            remarks=("newer files first",),
        )

    def explain(
        self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, file: Path | None = None
    ) -> SearchTrace:
        """Tell of a search that found nothing."""
        self.asked.append((query, top_k, file))
        result = SearchResult(passages=(), as_of=1.0, pending=0, took_ms=1.0, filters=filters)
        return SearchTrace(
            result=result,
            embedded=query,
            words=(),
            phrases=(),
            is_exact=False,
            chunks=1,
            depth=64,
            candidates=(),
            weights={},
            reranker="",
            stages_ms={},
        )


def test_every_search_of_an_answer_is_kept_with_its_trace() -> None:
    """The answer is the one that everybody gets; the file goes along with the search."""
    searcher = Explaining()
    explained = explain(
        Question(text="How much is the rent?"),
        searcher=searcher,
        generator=None,
        settings=AnswerSettings(passages=3),
        file=Path("/notes/other.md"),
    )
    assert searcher.asked == [("How much is the rent?", 3, Path("/notes/other.md"))]
    assert [trace.result.passages for trace in explained.searches] == [(RENT,)]
    assert "4,200 kr" in explained.answer.text
    assert explained.remarks == ("newer files first",)
    assert explained.readings == ()
    (statement,) = explained.statements
    assert (statement.numbers, statement.is_borne) == ((1,), True)


def test_what_a_model_reads_and_writes_is_counted() -> None:
    """Tokens of the prompt, of the answer, and what the context has room for."""
    generator = FakeGenerator(["The rent is 4,200 kr [1]."], context_tokens=2048)
    explained = explain(
        Question(text="How much is the rent?"),
        searcher=Explaining(),
        generator=generator,
        settings=AnswerSettings(),
    )
    (reading,) = explained.readings
    assert (reading.model, reading.context_tokens) == ("scripted.gguf", 2048)
    assert (reading.prompt_tokens, reading.answer_tokens) == (1, 1)
    said = explained.to_json()
    assert said["readings"][0]["context_tokens"] == 2048
    assert said["statements"][0]["is_borne"]


def test_statements_are_held_against_the_passages_they_cite() -> None:
    """What the cited passage says is borne, what it does not say is not, nor is what has no mark."""
    wifi = make_passage("The wifi password of the cabin is blue-heron-77.", name="wifi.md")
    text = "The rent is 4,200 kr a month [1]. The landlord is Oskar Berg [2]. Mona was born in 1987."
    start = text.index("Mona")
    answered = Answer(
        answered=True,
        text=text,
        citations=(),
        passages=(RENT, wifi),
        model=None,
        unsupported=(Span(start=start, end=len(text)),),
    )
    told = borne(answered)
    assert [(each.numbers, each.is_borne) for each in told] == [((1,), True), ((2,), False), ((), False)]
    assert told[2].text == "Mona was born in 1987."
