"""Which filters hold on."""

import pytest

from assistant.rewriting.carrying import carried, with_typed
from indexer.types import EVERYTHING, Filters

BEFORE = Filters(within=("work",), types=("pdf",), since=10.0, before=20.0)


@pytest.mark.parametrize(
    ("question", "given", "expected"),
    [
        ("and the rent?", EVERYTHING, BEFORE),
        ("and in:home?", EVERYTHING, Filters(types=("pdf",), since=10.0, before=20.0)),
        (
            "and the rent?",
            Filters(within=("home",)),
            Filters(within=("home",), types=("pdf",), since=10.0, before=20.0),
        ),
        ("and type:md tag:x?", EVERYTHING, Filters(within=("work",), since=10.0, before=20.0)),
        ("and in May?", EVERYTHING, Filters(within=("work",), types=("pdf",))),
        ("and since:2026-01?", EVERYTHING, Filters(within=("work",), types=("pdf",))),
        ("and last week?", EVERYTHING, Filters(within=("work",), types=("pdf",))),
        ("and then?", Filters(since=15.0), Filters(within=("work",), types=("pdf",), since=15.0)),
    ],
)
def test_what_a_follow_up_says_nothing_of_is_carried(
    question: str, given: Filters, expected: Filters
) -> None:
    """Field by field; one that is typed or given is the follow-up's own, and so is a time."""
    assert carried(question, given, BEFORE) == expected


def test_typed_filters_survive_a_rewriting() -> None:
    """What a model leaves out of them is put back."""
    assert (
        with_typed("Who sold the cabin?", 'who? in:"my notes" type:md')
        == 'Who sold the cabin? in:"my notes" type:md'
    )
    assert with_typed("Who sold it in:work?", "who in:work?") == "Who sold it in:work?"
