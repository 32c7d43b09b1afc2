"""The best sentences of a passage are chosen for a question."""

from indexer.search.highlights import best_sentences


def test_the_sentence_with_the_words_is_chosen() -> None:
    """The words of the question decide, whatever form they stand in."""
    text = "The cabin is red. The key hangs behind the stove. Wood is dry."
    (span,) = best_sentences(text, {"keys": 3.0, "hang": 2.0})
    assert text[span.start : span.end] == "The key hangs behind the stove."


def test_a_rare_word_outweighs_common_ones() -> None:
    """The weights decide which sentence comes first."""
    text = "The old cabin has a door. Here sleeps Kutuzov."
    (span,) = best_sentences(text, {"cabin": 0.5, "door": 0.5, "kutuzov": 6.0}, most=1)
    assert text[span.start : span.end] == "Here sleeps Kutuzov."


def test_further_sentences_must_add_words() -> None:
    """A sentence that only repeats what is shown is left out, one with another word is added."""
    text = "Rent is due monthly. Rent is rent. The deposit is two months."
    spans = best_sentences(text, {"rent": 2.0, "deposit": 2.0})
    assert [text[span.start : span.end] for span in spans] == [
        "Rent is due monthly.",
        "The deposit is two months.",
    ]


def test_highlights_stand_in_reading_order() -> None:
    """The best sentence may come last; it is still shown where it stands."""
    text = "A boat lies here. Nothing else. The boat engine needs winter oil."
    spans = best_sentences(text, {"boat": 1.0, "engine": 3.0, "oil": 3.0, "lies": 2.0})
    assert [text[span.start : span.end] for span in spans] == [
        "A boat lies here.",
        "The boat engine needs winter oil.",
    ]


def test_without_a_common_word_the_first_real_sentence_is_shown() -> None:
    """A passage found by meaning alone still shows something, and not its heading."""
    text = "# Cabin\n\nThe place by the lake is cold in winter. Bring wood."
    (span,) = best_sentences(text, {"hut": 1.0})
    assert text[span.start : span.end] == "The place by the lake is cold in winter."


def test_for_a_heading_stands_the_sentence_below_it() -> None:
    """A heading that holds the words says nothing by itself."""
    text = "# Trips\n\nWe go by train.\n\n# Cabin\n\nThe place by the lake is cold."
    (span,) = best_sentences(text, {"cabin": 1.0})
    assert text[span.start : span.end] == "The place by the lake is cold."


def test_a_heading_is_shown_where_there_is_nothing_else() -> None:
    """A passage may be no more than its heading."""
    (span,) = best_sentences("# Cabin", {"hut": 1.0})
    assert (span.start, span.end) == (0, 7)


def test_blank_text_has_no_highlights() -> None:
    """White space holds no sentence."""
    assert best_sentences(" \n ", {"a": 1.0}) == ()


def test_the_text_is_shown_rather_than_its_front_matter() -> None:
    """What stands in both is pointed at where it is said."""
    text = "---\ndescription: Feed the stove at dusk\n---\nFeed the stove with dry birch at dusk.\n"
    (span,) = best_sentences(text, {"stove": 2.0, "dusk": 2.0}, most=1)
    assert text[span.start : span.end] == "Feed the stove with dry birch at dusk."
