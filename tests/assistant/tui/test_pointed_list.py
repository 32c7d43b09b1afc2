"""Lists that point at what one is at, without colour."""

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from assistant.tui.widgets.pointed_list import PointedList

pytestmark = pytest.mark.anyio


class Listing(App[None]):
    """A list of options of one and of two lines."""

    CSS = "PointedList { border: none; }"

    def compose(self) -> ComposeResult:
        yield PointedList("one", "two\nlines", "three", markup=False)

    @property
    def lines(self) -> list[str]:
        """What the list shows, as text."""
        listed = self.query_one(PointedList)
        strips = listed.render_lines(Region(0, 0, listed.size.width, 4))
        return [strip.text.rstrip() for strip in strips]


async def test_the_pointer_stands_before_the_first_line() -> None:
    """Of the option one is at, and goes with it."""
    app = Listing()
    async with app.run_test(size=(40, 10)) as pilot:
        assert app.lines == ["▸one", " two", " lines", " three"]
        await pilot.press("down")
        assert app.lines == [" one", "▸two", " lines", " three"]


async def test_the_pointer_scrolls_along() -> None:
    """It is where the option is, not where it was."""
    app = Listing()
    async with app.run_test(size=(40, 5)) as pilot:
        app.query_one(PointedList).styles.height = 2
        await pilot.pause()
        await pilot.press("end")
        await pilot.pause()
        assert "▸three" in app.lines
        assert sum("▸" in line for line in app.lines) == 1
