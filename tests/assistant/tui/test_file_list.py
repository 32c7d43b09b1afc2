"""A list of files of any length, which knows only what was in sight."""

from pathlib import Path

import pytest
from textual import on
from textual.app import App, ComposeResult

from assistant.tui.widgets.file_list import PAGE_ROWS, PAGES_KEPT, FileList, elided
from indexer.types import FileEntry, FileState, FileStatus
from tests.assistant.tui.homes import until

pytestmark = pytest.mark.anyio

MANY = 60_000
STATE = FileState(size_bytes=1, mtime_ns=1, inode=1)


class Leafing(App[None]):
    """Answers what the list wants from numbered files."""

    def __init__(self, total: int = MANY, *, is_answering: bool = True) -> None:
        super().__init__()
        self.total = total
        self.is_answering = is_answering
        self.wanted: list[FileList.Wanted] = []
        self.chosen: list[str] = []
        self.highlighted: list[str] = []

    def compose(self) -> ComposeResult:
        listed = FileList()
        listed.empty_text = "no file has failed"
        listed.root = Path("/notes")
        yield listed

    def on_mount(self) -> None:
        self.query_one(FileList).focus()
        self.query_one(FileList).start_over()

    @on(FileList.Wanted)
    def answer(self, event: FileList.Wanted) -> None:
        self.wanted.append(event)
        if self.is_answering:
            self.give(event)

    def give(self, event: FileList.Wanted) -> None:
        last = min(event.offset + PAGE_ROWS, self.total)
        entries = [
            FileEntry(path=Path(f"/notes/file{number:05}.md"), status=FileStatus.INDEXED, state=STATE)
            for number in range(event.offset, last)
        ]
        self.query_one(FileList).put(event, entries, self.total)

    @on(FileList.Chosen)
    def choose(self, event: FileList.Chosen) -> None:
        self.chosen.append(event.entry.path.name)

    @on(FileList.Highlighted)
    def highlight(self, event: FileList.Highlighted) -> None:
        self.highlighted.append(event.entry.path.name if event.entry else "")

    def line(self, y: int) -> str:
        return self.query_one(FileList).render_line(y).text.rstrip()


async def test_only_what_is_in_sight_is_asked_for() -> None:
    """Of sixty thousand files a few hundred, wherever the cursor goes."""
    app = Leafing()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.line(0) == "▸✓ file00000.md", "the first page is there")
        await pilot.press("end")
        listed = app.query_one(FileList)
        await until(lambda: listed.highlighted is not None, "the last page is there")
        assert listed.highlighted is not None
        assert listed.highlighted.path.name == f"file{MANY - 1:05}.md"
        last = listed.scrollable_content_region.height - 1
        await until(lambda: app.line(last) == f"▸✓ file{MANY - 1:05}.md", "it is in sight")
        assert len(app.wanted) <= 4
        await pilot.press("home", "down", "down", "enter")
        await until(lambda: app.chosen == ["file00002.md"], "the third file is chosen")


async def test_no_more_pages_are_kept_than_it_takes() -> None:
    """Leafing through everything does not fill the memory."""
    app = Leafing()
    async with app.run_test(size=(80, 24)) as pilot:
        listed = app.query_one(FileList)
        await until(lambda: listed.total == MANY, "it is known how many there are")
        for _ in range(PAGES_KEPT + 10):
            listed.action_move(PAGE_ROWS)
            await pilot.pause()
        assert len(listed._pages) <= PAGES_KEPT


async def test_rows_of_another_list_are_dropped() -> None:
    """An answer that comes too late changes nothing."""
    app = Leafing(is_answering=False)
    async with app.run_test(size=(80, 24)):
        listed = app.query_one(FileList)
        await until(lambda: bool(app.wanted), "rows are wanted")
        listed.start_over()
        app.give(app.wanted[0])
        assert listed.total == 0
        await until(lambda: len(app.wanted) == 2, "rows are wanted anew")
        app.give(app.wanted[1])
        assert listed.total == MANY


async def test_rows_that_did_not_come_are_asked_for_again() -> None:
    """Once, and not before it is known that they will not come."""
    app = Leafing(is_answering=False)
    async with app.run_test(size=(80, 24)) as pilot:
        listed = app.query_one(FileList)
        await until(lambda: len(app.wanted) == 1, "rows are wanted")
        listed.ask_missing()
        await pilot.pause()
        assert len(app.wanted) == 1
        listed.give_up(app.wanted[0])
        listed.ask_missing()
        await until(lambda: len(app.wanted) == 2, "rows are wanted again")


async def test_rows_are_shown_until_newer_ones_come() -> None:
    """A change does not empty the list; and where it shrank, the cursor stays in it."""
    app = Leafing(total=300)
    async with app.run_test(size=(80, 24)) as pilot:
        listed = app.query_one(FileList)
        await until(lambda: listed.total == 300, "it is listed")
        await pilot.press("end")
        await until(lambda: listed.highlighted is not None, "the last page is there")
        app.is_answering = False
        asked = len(app.wanted)
        listed.ask_again()
        await until(lambda: len(app.wanted) > asked, "it is asked again")
        assert listed.highlighted is not None
        app.total = 250
        app.give(app.wanted[-1])
        assert listed.cursor == 249


async def test_a_click_moves_the_cursor_and_a_second_one_chooses(tmp_path: Path) -> None:
    """As everywhere."""
    app = Leafing()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.line(0) != "", "the first page is there")
        await pilot.click(FileList, offset=(5, 4))
        await until(lambda: "file00003.md" in app.highlighted, "the cursor is there")
        await pilot.click(FileList, offset=(5, 4), times=2)
        await until(lambda: app.chosen == ["file00003.md"], "it is chosen")


async def test_an_empty_list_says_so() -> None:
    """Once it is known to be empty, and not before."""
    app = Leafing(total=0, is_answering=False)
    async with app.run_test(size=(80, 24)):
        await until(lambda: bool(app.wanted), "rows are wanted")
        assert app.line(0) == ""
        app.give(app.wanted[0])
        assert app.line(0) == "no file has failed"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("a/b.md", 10, "a/b.md"),
        ("folder/of/notes/a-long-name.md", 16, "folde…ng-name.md"),
        ("日本語のとても長い名前.md", 10, "日本…前.md"),
    ],
)
def test_paths_are_shortened_in_their_middle(text: str, width: int, shown: str) -> None:
    """Counted in columns, of which some letters take two."""
    assert elided(text, width) == shown
