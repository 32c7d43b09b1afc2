"""What was rendered is used again, and is no garbage in cycles afterwards."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from assistant.tui.widgets.kept_lines import WholeStrip
from assistant.tui.widgets.result_list import ResultList
from indexer.types import Locator
from tests.assistant.tui.frozen import passage

pytestmark = pytest.mark.anyio

NAMES = ("cabin.md", "boiler.md", "office.md", "garden.md")
FOUND = tuple(
    passage(name, f"The key of the {name[:-3]} is blue.", Locator(), chunk_id=number)
    for number, name in enumerate(NAMES)
)


class WatchedList(ResultList):
    """Knows which of its lines Textual asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[int] = set()

    def render_line(self, y: int) -> Strip:
        self.asked.add(y)
        return super().render_line(y)

    def drawn(self) -> list[str]:
        """Return what a terminal shows of it, without its border."""
        lines = self.render_lines(Region(0, 0, *self.outer_size))
        return [line.text.strip("│┃ ") for line in lines[1:-1]]


class Page(App[None]):
    """Shows a list."""

    def compose(self) -> ComposeResult:
        yield WatchedList()


@asynccontextmanager
async def listed() -> AsyncIterator[tuple[WatchedList, Pilot[None]]]:
    """Show the passages that were found by "key"."""
    app = Page()
    async with app.run_test(size=(60, 14)) as pilot:
        rows = app.query_one(WatchedList)
        rows.show(FOUND, "key")
        await pilot.pause()
        yield rows, pilot


async def test_of_a_list_only_rows_that_say_something_else_are_rendered() -> None:
    """Those that the cursor leaves and reaches; those that other words mark; those that are others."""
    async with listed() as (rows, pilot):
        assert rows.drawn()[:2] == ["▸ cabin.md  notes", "The key of the cabin is blue."]

        rows.asked.clear()
        rows.action_move(1)
        await pilot.pause()
        assert [line for line in rows.drawn()[:8:2] if line.startswith("▸")] == ["▸ boiler.md  notes"]
        assert rows.asked == {0, 1, 2, 3}

        rows.asked.clear()
        rows.show(
            (*FOUND[:3], passage("garage.md", "The boiler stands there.", Locator(), chunk_id=9)), "key"
        )
        await pilot.pause()
        assert rows.drawn()[6:8] == ["garage.md  notes", "The boiler stands there."]
        assert rows.asked == {6, 7}

        rows.asked.clear()
        rows.show(FOUND[:2], "boiler")
        await pilot.pause()
        assert rows.drawn()[2:8] == ["▸ boiler.md  notes", "The key of the boiler is blue.", *[""] * 4]
        # the key is not marked any more, in either sentence; below there is nothing.
        assert rows.asked == {1, 3, 4, 5, 6, 7}


async def test_other_colours_and_another_width_are_seen() -> None:
    """Nothing of before is shown then."""
    async with listed() as (rows, pilot):
        before = rows.render_lines(Region(0, 0, *rows.outer_size))
        pilot.app.theme = "textual-light"
        await pilot.pause()
        after = rows.render_lines(Region(0, 0, *rows.outer_size))
        assert all(old != new for old, new in zip(before, after, strict=True))

        await pilot.resize_terminal(30, 14)
        await pilot.pause()
        lines = rows.render_lines(Region(0, 0, *rows.outer_size))
        assert {line.cell_length for line in lines} == {30}
        assert rows.drawn()[1].startswith("The key of the cabin")


@pytest.mark.parametrize(("kind", "is_left"), [(Strip, True), (WholeStrip, False)])
def test_a_line_that_is_drawn_from_end_to_end_leaves_no_garbage(kind: type[Strip], is_left: bool) -> None:
    """Textual's own does, which is why there is another."""
    gc.collect()
    strip = kind([Segment("The key is blue.")])
    assert [part.text for part in strip.divide([7, 16])] == ["The key", " is blue."]
    assert [part.text for part in strip.divide([16])] == ["The key is blue."]
    del strip
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        left = [found for found in gc.garbage if isinstance(found, Strip) and "blue" in found.text]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert bool(left) is is_left
