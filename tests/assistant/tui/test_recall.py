"""Walking and searching through what was asked before."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.tui.recall import Recall, ReverseSearch


def test_up_goes_back_and_down_returns_to_the_draft() -> None:
    """As in a shell: what was being written is not lost."""
    recall = Recall(["one", "two"])
    assert recall.older("dra") == "two"
    assert recall.older("two") == "one"
    assert recall.older("one") is None
    assert recall.newer("one") == "two"
    assert recall.newer("two") == "dra"
    assert recall.newer("dra") is None


def test_what_is_changed_on_the_way_becomes_the_draft() -> None:
    """An earlier question that was edited waits at the end."""
    recall = Recall(["one", "two"])
    recall.older("")
    assert recall.older("two, edited") == "one"
    assert recall.newer("one") == "two"
    assert recall.newer("two") == "two, edited"


def test_a_question_that_repeats_stands_once() -> None:
    """Where it was asked last."""
    recall = Recall(["one", "two", "one", "  "])
    assert recall.entries == ["two", "one"]


def test_older_questions_may_come_later() -> None:
    """The history is read while somebody types, and walks already."""
    recall = Recall(["new"])
    assert recall.older("") == "new"
    recall.add_older(["a", "new", "b", "a"])
    assert recall.entries == ["b", "a", "new"]
    assert recall.older("new") == "a"


@given(st.lists(st.text(min_size=1).filter(str.strip)), st.text())
def test_all_the_way_up_and_down_again_is_where_one_was(earlier: list[str], draft: str) -> None:
    """Every question comes by, each once, and the draft is there at the end."""
    recall = Recall(earlier)
    text, seen = draft, []
    while (found := recall.older(text)) is not None:
        text = found
        seen.append(text)
    assert seen == list(reversed(recall.entries))
    while (found := recall.newer(text)) is not None:
        text = found
    assert text == draft


def test_a_reverse_search_finds_the_newest_first() -> None:
    """Once more goes to an older one; case does not matter; at the oldest it stays."""
    search = ReverseSearch(["Rent in May", "cabin", "the rent"], "draft")
    assert search.line() == "(reverse search) : "
    search.look_for("rent")
    assert search.line() == "(reverse search) rent: the rent"
    assert search.older()
    assert search.line() == "(reverse search) rent: Rent in May"
    assert not search.older()
    assert search.found == "Rent in May"


def test_a_reverse_search_says_that_it_fails() -> None:
    """Where nothing holds the words, nothing is shown as found."""
    search = ReverseSearch(["cabin"], "")
    search.look_for("boat")
    assert search.found is None
    assert search.line() == "(failed reverse search) boat: "
