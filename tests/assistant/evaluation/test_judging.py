"""An answer held against what was expected of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.evaluation.cases import Case
from assistant.evaluation.judging import Judgement, judge, without_marks
from assistant.evaluation.sources import Gold
from assistant.types import Answer, Citation
from indexer.types import Passage
from tests.fakes import VAULT, make_passage

LEASE = make_passage("Pay the landlord Oskar Berg by the fifth of every month.", name="lease.md")
CABIN = make_passage("The cabin was bought in 1987 by Ada Lindqvist.", name="cabin.md")
BREAD = make_passage("Mix 500 g of flour with 350 g of water.", name="bread.md")


def cite(passage: Passage, n: int = 1) -> Citation:
    """Cite the whole of a passage."""
    return Citation(n=n, passage=passage, quote=passage.text, locator=passage.locator)


def answered(text: str, *cited: Passage) -> Answer:
    """Return an answer that cites passages."""
    citations = tuple(cite(passage, n) for n, passage in enumerate(cited, start=1))
    return Answer(answered=True, text=text, citations=citations, passages=cited, model=None)


REFUSED = Answer(answered=False, text="", citations=(), passages=(LEASE,), model=None)


def gold(*passages: Passage, texts: Sequence[Passage] = ()) -> Gold:
    """Expect the files of some passages, and the text of others."""
    return Gold(
        files=tuple(frozenset([passage.path]) for passage in passages),
        passages=tuple((frozenset([passage.path]), passage.text) for passage in texts),
    )


def judged(
    answer: Answer,
    *,
    expected: Gold | None = None,
    ranked: Sequence[Passage] = (LEASE, CABIN, BREAD),
    **case: Any,
) -> Judgement:
    """Judge an answer to a question that is answerable unless said otherwise."""
    asked = Case(id="1", line=1, question="Who is the landlord?", **{"answerable": "yes", **case})
    return judge(asked, gold() if expected is None else expected, answer, ranked)


def test_the_place_of_the_right_file_is_looked_up_in_the_ranking() -> None:
    """Second of three files: no hit at 1, one at 5, half a point of reciprocal rank."""
    scores = judged(answered("x", CABIN), expected=gold(CABIN)).scores
    assert scores["hit_at_1"] == 0
    assert scores["hit_at_5"] == scores["hit_at_10"] == 1
    assert scores["mrr_at_10"] == 0.5


def test_citations_are_counted_by_file() -> None:
    """Two of three cited files are right, and two of four expected ones are cited."""
    expected = Gold(
        files=(
            frozenset([LEASE.path]),
            frozenset([CABIN.path, VAULT / "old" / "cabin.md"]),
            frozenset([VAULT / "other.md"]),
            frozenset(),
        )
    )
    scores = judged(answered("x [1][2][3]", LEASE, CABIN, BREAD), expected=expected).scores
    assert scores["citation_precision"] == pytest.approx(2 / 3)
    assert scores["citation_recall"] == pytest.approx(2 / 4)


def test_quotes_are_held_against_the_right_passages() -> None:
    """The right file with another passage is a right citation and a wrong quote."""
    other = make_passage("His phone is 070-123456, and he lives in Mora.", name="lease.md")
    expected = gold(LEASE, texts=[LEASE])
    scores = judged(answered("x [1][2]", LEASE, other), expected=expected).scores
    assert scores["citation_precision"] == 1
    assert scores["passage_precision"] == 0.5
    assert scores["passage_recall"] == 1
    assert scores["passage_hit_at_10"] == 1
    assert judged(answered("x [1]", other), expected=expected).scores["passage_recall"] == 0


def test_marks_are_no_words_of_an_answer() -> None:
    """Neither do they count, nor do they part words."""
    assert without_marks("Oskar [1] Berg [2, 3].") == "Oskar  Berg ."
    scores = judged(answered("Oskar Berg [1]", LEASE), answers=("Oskar Berg", "somebody")).scores
    assert (scores["f1"], scores["containment"], scores["answer_recall"]) == (1, 1, 1)


def test_a_refusal_of_what_the_files_say_has_nothing_right_in_it() -> None:
    """Words, citations and the decision are all worth nothing; only the search can be right."""
    judgement = judged(REFUSED, expected=gold(LEASE), answers=("Oskar Berg",))
    assert judgement.failure == "refused, although the files say it"
    assert judgement.scores == {
        "hit_at_1": 1,
        "hit_at_5": 1,
        "hit_at_10": 1,
        "mrr_at_10": 1,
        "citation_recall": 0,
        "f1": 0,
        "containment": 0,
        "answer_recall": 0,
        "decision": 0,
        "refusal_precision": 0,
    }


def test_what_the_files_do_not_say_is_to_be_refused() -> None:
    """Right if it is, wrong if it is answered; nothing else is judged."""
    right = judged(REFUSED, answerable="no")
    assert right.scores == {"decision": 1, "refusal_precision": 1, "refusal_recall": 1}
    assert right.failure == ""
    wrong = judged(answered("Ada [1]", CABIN), answerable="no", expected=gold(LEASE), answers=("x",))
    assert wrong.scores == {"decision": 0, "refusal_recall": 0}
    assert wrong.failure == "answered, although the files do not say it"


def test_refusing_what_they_say_in_part_is_neither_right_nor_wrong() -> None:
    """The search is judged, and the answer if there is one."""
    scores = judged(REFUSED, answerable="partial", expected=gold(LEASE)).scores
    assert "decision" not in scores
    assert scores["hit_at_1"] == 1
    assert judged(REFUSED, answerable="partial", expected=gold(LEASE)).failure == ""


@pytest.mark.parametrize("answerable", ["other", "unknown"])
def test_nothing_is_judged_where_nothing_is_known(answerable: str) -> None:
    """A question that wants another in return, or one that nothing is said of."""
    judgement = judged(answered("x"), answerable=answerable, expected=gold(LEASE), answers=("y",))
    assert judgement == Judgement({}, "")


@pytest.mark.parametrize(
    ("answer", "ranked", "failure"),
    [
        (answered("Oskar Berg", LEASE), [LEASE], ""),
        (answered("Oskar Berg", CABIN), [LEASE], "other files are cited"),
        (answered("Ada Lindqvist", LEASE), [LEASE], "the expected answer is not in it"),
        (answered("Oskar Berg", LEASE), [CABIN], "the source was not found"),
    ],
)
def test_what_is_wrong_is_said_in_a_clause(answer: Answer, ranked: list[Passage], failure: str) -> None:
    """The first thing on the way that went wrong."""
    assert judged(answer, expected=gold(LEASE), ranked=ranked, answers=("Oskar Berg",)).failure == failure


def test_a_source_that_is_not_indexed_could_not_be_found() -> None:
    """It is said as it is, since no search can help."""
    expected = Gold(files=(frozenset[Path](),))
    assert judged(answered("x", LEASE), expected=expected).failure == "the source is not indexed"
