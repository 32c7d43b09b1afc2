"""Whether the files answer at all."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence import ENOUGH, HOPELESS, confidence, probability
from indexer.types import Grounds, Passage, SearchResult
from tests.fakes import make_passage

SHARES = st.floats(0, 1.5)


def result(*passages: Passage, question: str = "q", grounds: Grounds | None = None) -> SearchResult:
    """Return what a search may have found."""
    return SearchResult(passages=passages, as_of=0, pending=0, took_ms=0, question=question, grounds=grounds)


def test_what_stands_out_is_an_answer() -> None:
    """The question's rare words in one place, far ahead of everything else."""
    assert probability(Grounds(closeness=0.6, lexical=0.9, lead=0.45)) > ENOUGH


def test_what_is_like_everything_else_is_none() -> None:
    """A library about other things has a closest passage too, but none that leads."""
    assert probability(Grounds(closeness=0.35, lexical=0.2, lead=0.08)) < 0.1
    assert probability(Grounds(closeness=0.1, lexical=0.0, lead=0.01)) < HOPELESS


def test_few_files_are_judged_without_a_background() -> None:
    """A single file that means the question and holds its words answers; another does not."""
    assert probability(Grounds(closeness=0.6, lexical=1.0, lead=None)) > ENOUGH
    assert probability(Grounds(closeness=0.2, lexical=0.2, lead=None)) < ENOUGH


def test_nothing_found_is_nothing() -> None:
    """Without a passage there is no chance of an answer."""
    assert confidence(result()) == 0


def test_passages_are_judged_by_themselves_where_the_search_says_nothing() -> None:
    """A searcher without an index behind it is judged by what it found."""
    near = make_passage("Invoice 4711 was paid on Monday.", similarity=0.7)
    far = make_passage("Sourdough needs patience.", similarity=0.1)
    assert confidence(result(near, question="was invoice 4711 paid")) > ENOUGH
    assert confidence(result(far, question="was invoice 4711 paid")) < HOPELESS


@given(SHARES, SHARES, SHARES, st.one_of(st.none(), SHARES))
def test_more_evidence_is_never_less_sure(closeness: float, lexical: float, more: float, lead: float) -> None:
    """Each piece of evidence speaks for an answer, and the result is a probability."""
    less = probability(Grounds(closeness=closeness, lexical=lexical, lead=lead))
    stronger = Grounds(
        closeness=closeness + more, lexical=lexical + more, lead=None if lead is None else lead + more
    )
    assert 0 < less <= probability(stronger) < 1
