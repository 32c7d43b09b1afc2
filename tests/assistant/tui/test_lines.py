"""Widgets of finished lines: what is made, rendered and kept of them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip

from assistant.tui.widgets.lines import Lines, strip_of
from assistant.tui.widgets.long_scroll import LongScroll
from tests.assistant.tui.homes import until

pytestmark = pytest.mark.anyio


class Poem(Lines):
    """Says what it is told, and knows which of its lines Textual asked for.

    Args:
        texts: A line each.
    """

    can_focus = True
    DEFAULT_CSS = "Poem { border-left: wide red; padding: 0 1; } Poem:focus { border-left: wide blue; }"

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self.texts = list(texts)
        self.asked: list[int] = []
        self.marked: int | None = None

    def make_lines(self, width: int) -> list[Strip]:
        return [strip_of(Text(text[:width])) for text in self.texts]

    def overlay(self, y: int, strip: Strip) -> Strip:
        return strip_of(Text(strip.text.upper())) if y == self.marked else strip

    def render_line(self, y: int) -> Strip:
        self.asked.append(y)
        return super().render_line(y)

    def drawn(self) -> list[str]:
        """Return what a terminal shows of it."""
        return [strip.text[2:].strip() for strip in self._whole()]

    def colours(self) -> set[str]:
        """Return the colours of its border."""
        return {
            str(style.color.name)
            for strip in self._whole()
            for _, style, _ in [*strip][:1]
            if style and style.color
        }

    def _whole(self) -> list[Strip]:
        return self.render_lines(Region(0, 0, *self.outer_size))


class Page(App[None]):
    """Shows texts one below the other.

    Args:
        poems: The texts.
    """

    AUTO_FOCUS = None

    def __init__(self, *poems: Poem) -> None:
        super().__init__()
        self.poems = poems

    def compose(self) -> ComposeResult:
        with LongScroll():
            yield from self.poems


async def test_only_lines_that_changed_are_rendered() -> None:
    """When a text grows, and when one of its lines becomes another."""
    poem = Poem("one", "two", "three")
    async with Page(poem).run_test() as pilot:
        assert poem.drawn() == ["one", "two", "three"]
        poem.asked.clear()
        poem.texts.append("four")
        poem.renew()
        await pilot.pause()
        assert poem.drawn() == ["one", "two", "three", "four"]
        assert set(poem.asked) == {3}
        poem.asked.clear()
        poem.texts[1] = "zwei"
        poem.renew()
        await pilot.pause()
        assert poem.drawn() == ["one", "zwei", "three", "four"]
        assert set(poem.asked) == {1}


async def test_a_text_that_shrinks_leaves_nothing_behind() -> None:
    """Nor when it grows again."""
    poem = Poem("one", "two", "three")
    async with Page(poem).run_test() as pilot:
        assert poem.drawn() == ["one", "two", "three"]
        for texts in (["one"], ["one", "", "drei"]):
            poem.texts = texts
            poem.renew()
            await pilot.pause()
            assert poem.drawn() == texts


async def test_what_is_marked_for_the_moment_is_drawn_and_goes_again() -> None:
    """Without the lines being made anew."""
    poem = Poem("one", "two")
    async with Page(poem).run_test() as pilot:
        for marked, expected in ((1, ["one", "TWO"]), (0, ["ONE", "two"]), (None, ["one", "two"])):
            poem.marked = marked
            poem.refresh()
            await pilot.pause()
            assert poem.drawn() == expected


async def test_another_focus_theme_and_width_are_seen() -> None:
    """In every line that was rendered before."""
    first, second = Poem("one", "two"), Poem("three")
    app = Page(first, second)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        without = first.colours()
        first.focus()
        await pilot.pause()
        assert len(first.colours()) == 1
        assert first.colours() != without
        second.focus()
        await pilot.pause()
        assert first.colours() == without
        grounds = _grounds(first)
        app.theme = "textual-light"
        await pilot.pause()
        assert _grounds(first) != grounds
        first.texts[0] = "x" * 80
        first.renew()
        await pilot.resize_terminal(30, 20)
        await pilot.pause()
        assert {strip.cell_length for strip in first._whole()} == {first.outer_size.width}
        assert first.outer_size.width <= 30


async def test_what_is_selected_is_drawn_so_and_not_afterwards() -> None:
    """With the mouse."""
    poem = Poem("one two", "three")
    app = Page(poem)
    async with app.run_test() as pilot:
        before = _grounds(poem)
        await pilot.mouse_down(poem, offset=(2, 0))
        await pilot.hover(poem, offset=(5, 0))
        await pilot.mouse_up(poem, offset=(5, 0))
        await pilot.pause()
        assert app.screen.get_selected_text()
        assert len(_grounds(poem)) > len(before)
        app.screen.clear_selection()
        await pilot.pause()
        assert _grounds(poem) == before


async def test_what_is_far_is_put_away_and_keeps_its_room() -> None:
    """And is there again when it is scrolled to; meanwhile nothing is skipped or seen twice."""
    poems = [Poem(*(f"{number}.{line}" for line in range(number % 7 + 1))) for number in range(100)]
    app = Page(*poems)
    async with app.run_test(size=(40, 10)):
        scroll = app.query_one(LongScroll)
        scroll.scroll_end(animate=False)
        await until(lambda: seen_in(poems, scroll)[-1:] == ["99.1"], "the end is in view")
        seen = seen_in(poems, scroll)
        while scroll.scroll_y > 0:
            last = seen_in(poems, scroll)[-1]
            scroll.scroll_to(y=scroll.scroll_y - 5, animate=False)
            await until(partial(has_left, last, poems, scroll), "it has scrolled")
            await until(lambda: len(seen_in(poems, scroll)) == 10, "all in view is drawn")
            now = seen_in(poems, scroll)
            assert now[5:] == seen[:5] or scroll.scroll_y == 0
            seen = now
        assert poems[0].drawn() == ["0.0"]
        assert [bool(poems[number].lines) for number in (5, 70, 99)] == [True, False, True]
        assert scroll.virtual_size.height == sum(len(poem.texts) for poem in poems)


def has_left(line: str, poems: Sequence[Poem], scroll: LongScroll) -> bool:
    """Tell whether a line is not the last in view any more."""
    return seen_in(poems, scroll)[-1:] != [line]


def seen_in(poems: Sequence[Poem], scroll: LongScroll) -> list[str]:
    """Return the lines in view."""
    return [
        text
        for poem in poems
        for y, text in enumerate(poem.line_texts, poem.region.y)
        if poem in scroll.placed and scroll.region.y <= y < scroll.region.bottom
    ]


def _grounds(poem: Poem) -> set[Any]:
    return {style.bgcolor for strip in poem._whole() for _, style, _ in strip if style}
