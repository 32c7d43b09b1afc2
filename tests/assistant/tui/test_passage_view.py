"""A passage on the screen: its place, its text, its marked sentences, and nothing that it could do."""

from collections.abc import Sequence

import pytest
from rich.style import Style
from textual.app import App, ComposeResult

from assistant.tui.widgets.passage_view import BAR, PassageText, PassageView
from indexer.types import Passage, Span
from tests.fakes import make_passage

pytestmark = pytest.mark.anyio


class Shown(App[None]):
    """An app that shows one passage."""

    def compose(self) -> ComposeResult:
        yield PassageView()


def spans(passage: Passage, *sentences: str) -> list[Span]:
    """Return where sentences stand in a passage."""
    starts = [passage.text.index(sentence) for sentence in sentences]
    return [
        Span(start=start, end=start + len(sentence))
        for start, sentence in zip(starts, sentences, strict=True)
    ]


async def shown(
    passage: Passage, quotes: Sequence[Span] = (), *, number: int | None = None, width: int = 60
) -> tuple[list[str], str]:
    """Show a passage; return its lines as drawn, and the text that is drawn as marked."""
    app = Shown()
    async with app.run_test(size=(width, 20)) as pilot:
        app.query_one(PassageView).show(passage, quotes=quotes, number=number)
        await pilot.pause()
        text = app.query_one(PassageText)
        marked = ""
        for y in range(len(text.lines)):
            for segment in text.render_line(y):
                style = segment.style or Style.null()
                assert "@click" not in style.meta
                assert style.link is None
                marked += segment.text if style.underline else ""
        return text.line_texts, marked


async def test_the_place_stands_above_the_text() -> None:
    """Number, file, lines and headings."""
    passage = make_passage("The rent is due.\nOn the 1st.", line_start=4, headings=("Flat", "Rent"))
    lines, _ = await shown(passage, number=2)
    assert lines[0].rstrip() == "[2] notes/cabin.md · lines 4-5"
    assert lines[1].rstrip() == "Flat › Rent"
    assert [line.strip() for line in lines[3:]] == ["The rent is due.", "On the 1st."]


async def test_marked_sentences_are_told_by_a_bar_and_by_their_letters() -> None:
    """So that no colour is needed."""
    passage = make_passage("One is here. Two is there.\nThree stands below.\nFour is last.")
    lines, marked = await shown(passage, spans(passage, "Two is there.", "Four is last."))
    assert marked == "Two is there.Four is last."
    assert [line.startswith(BAR) for line in lines[2:]] == [True, False, True]


async def test_long_lines_are_broken_behind_the_bar() -> None:
    """Every line of a sentence has it."""
    passage = make_passage("word " * 40)
    lines, _ = await shown(passage, spans(passage, passage.text), width=40)
    body = lines[2:]
    assert len(body) > 4
    assert all(line.startswith(BAR) for line in body)
    assert all(len(line) <= 36 for line in body)


@pytest.mark.parametrize(
    "text",
    [
        "[red]rent[/red] [@click=app.quit]here[/]",
        "\x1b[31mrent\x1b[0m",
        "\x1b]8;;http://evil.example\x1b\\rent\x1b]8;;\x1b\\",
        "rent\u202egpj.exe",
        "rent\x9b2J",
    ],
)
async def test_what_a_file_holds_is_only_text(text: str) -> None:
    """Markup is shown as it stands, sequences and marks of direction are not shown at all."""
    passage = make_passage(text, name="[b]a\x1b[2J.md", headings=("[i]x",))
    lines, _ = await shown(passage, [Span(start=2, end=len(text) - 1)])
    drawn = "".join(lines)
    assert "rent" in drawn
    assert not any(char in drawn for char in "\x1b\x9b\u202e")
    assert lines[0].startswith("notes/[b]a.md")
    if text.startswith("[red]"):
        assert text in drawn


async def test_the_first_marked_sentence_is_in_view() -> None:
    """However far down it stands."""
    passage = make_passage("\n".join(f"Line {number}." for number in range(100)))
    app = Shown()
    async with app.run_test(size=(60, 20)) as pilot:
        view = app.query_one(PassageView)
        view.show(passage, quotes=spans(passage, "Line 80."))
        await pilot.pause()
        await pilot.pause()
        assert view.scroll_offset.y <= 82 <= view.scroll_offset.y + 18


async def test_its_text_can_be_selected() -> None:
    """With the mouse."""
    passage = make_passage("The rent is due on the 1st.")
    app = Shown()
    async with app.run_test(size=(60, 20)) as pilot:
        app.query_one(PassageView).show(passage)
        await pilot.pause()
        await pilot.mouse_down(PassageText, offset=(7, 2))
        await pilot.hover(PassageText, offset=(11, 2))
        await pilot.mouse_up(PassageText, offset=(11, 2))
        assert app.screen.get_selected_text() in {"rent", "rent "}
