"""What a passage bears and what not."""

import pytest

from assistant.support import BORNE, PLAIN, Evidence
from tests.fakes import make_passage

LEASE = make_passage(
    "The rent of the cabin is 4,200 kr a month.\nIt is due on 5 May 2026.\n"
    "Ada Lindqvist signed the lease in Hjo.\nPets are not allowed in the cabin.",
    name="lease.md",
    headings=("Lease of the cabin",),
)
HOTEL = make_passage("The hotel in Lisbon is Casa do Tejo.", name="lisbon.md")
WIFI = make_passage("The wifi password of the cabin is heron-lake-42.", name="wifi.md")
ALL = [LEASE, HOTEL, WIFI]


@pytest.mark.parametrize(
    "statement",
    [
        "The rent is 4,200 kr a month.",
        "You pay 4200 kr every month for the cabin's rent.",
        "The rent is due on 2026-05-05.",
        "The lease was signed by Ada Lindqvist in Hjo.",
        "Pets aren't allowed.",
        "The cabin costs 4,200 kr a month, and the rent is due on May 5.",
    ],
)
def test_what_a_passage_says_is_borne(statement: str) -> None:
    """Other words and notations for the same do not matter."""
    assert Evidence(ALL).score(statement, [1]) >= BORNE


@pytest.mark.parametrize(
    "statement",
    [
        "The rent is 4,300 kr a month.",
        "The rent is due on 6 May 2026.",
        "The rent is due on 5 June 2026.",
        "The lease was signed by Bo Lindqvist in Hjo.",
        "The lease was signed by Ada Lindqvist in Stockholm.",
        "Pets are allowed in the cabin.",
        "The boat has two sails and a small engine.",
        "The wifi password of the hotel is heron-lake-42.",
    ],
)
def test_a_wrong_fact_is_not_borne(statement: str) -> None:
    """A figure, a name, a "not" or a subject that differs outweighs all the words that agree."""
    assert max(Evidence(ALL).scores(statement)) < BORNE


def test_an_opposite_is_not_borne() -> None:
    """The same sentence with the opposite word contradicts."""
    evidence = Evidence([make_passage("The price of milk increased sharply in spring.")])
    assert evidence.score("The price of milk decreased sharply in spring.", [1]) < BORNE
    assert evidence.score("The price of milk increased in spring.", [1]) >= PLAIN


def test_passages_bear_together_what_none_bears_alone() -> None:
    """A sentence that joins facts of two passages rests on both."""
    evidence = Evidence(ALL)
    statement = "The rent is 4,200 kr, and the hotel in Lisbon is Casa do Tejo."
    assert max(evidence.scores(statement)) < BORNE
    assert evidence.score(statement, [1, 2]) >= PLAIN


def test_numbers_without_a_passage_bear_nothing() -> None:
    """Marks that name no passage are no evidence."""
    assert Evidence(ALL).score("The rent is 4,200 kr.", [0, 7]) == 0
    assert Evidence([]).scores("The rent is 4,200 kr.") == []


def test_piped_text_bears_by_itself() -> None:
    """What came with the question counts, apart from the numbered passages."""
    evidence = Evidence([HOTEL], extra="Please send 500 kr to Berg.")
    assert evidence.extra_score("They want 500 kr sent to Berg.") >= BORNE
    assert evidence.scores("They want 500 kr sent to Berg.") == [0.0]
    assert Evidence([HOTEL]).extra_score("They want 500 kr.") == 0


def test_another_language_is_judged_by_its_figures_alone() -> None:
    """Words that cannot be compared do not make a sentence wrong; a wrong figure does."""
    evidence = Evidence([LEASE])
    assert evidence.score("Die Miete beträgt monatlich 4.200,00 oder 4200 Kronen", [1]) < BORNE
    assert evidence.score("Die Miete beträgt monatlich 4200 Kronen", [1]) >= BORNE
    assert evidence.score("Die Miete beträgt monatlich 5200 Kronen", [1]) == 0
