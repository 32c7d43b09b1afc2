"""The library screen with a real daemon, and files that are read, left out, damaged and locked."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from assistant.tui.app import KbApp
from assistant.tui.library_words import STATES
from assistant.tui.screens.library import LibraryScreen, _beginning
from assistant.tui.widgets.dialogs import Choose, Confirm
from assistant.tui.widgets.file_browser import FileBrowser
from assistant.tui.widgets.file_list import FileList
from assistant.tui.widgets.folder_picker import PickFolder
from assistant.tui.widgets.library_panels import RootList, StateBar, StoryPane, WorkPanel
from indexer.client import IndexerClient, connect
from indexer.types import FileEntry, FileState, FileStatus, Locator
from tests.assistant.tui.homes import Home, until
from tests.homes import short_home
from tests.indexer.extract.pdfs import encrypted, pdf

pytestmark = pytest.mark.anyio


def write_mixed_folder(folder: Path) -> None:
    """Write one file of each kind that a library has to tell of."""
    (folder / "sub").mkdir(parents=True)
    (folder / "rent.md").write_text("# Rent\n\nThe rent is 4,200 kr.\n", encoding="utf-8")
    (folder / "sub" / "[red]wifi.md").write_text("The wifi is called heron.\n", encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing of a PDF follows")
    (folder / "locked.pdf").write_bytes(encrypted(pdf("secret text"), password="secret"))
    (folder / "scan.pdf").write_bytes(pdf("A page of words.", ""))
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n")
    with (folder / "film.txt").open("wb") as file:
        file.truncate(300_000_000)


@pytest.fixture(scope="module")
def mixed_home() -> Iterator[Home]:
    """Return a home of which a folder with files of every state is indexed; a test leaves it as it was."""
    with short_home() as places, short_home() as beside:
        notes = beside.home / "notes"
        write_mixed_folder(notes)
        client = connect(places)
        client.add_root(notes)
        settle(client)
        yield Home(places, notes)
        IndexerClient(places).stop()


def settle(client: IndexerClient) -> None:
    for _ in client.fresh():
        pass


def files_of(app: App[None]) -> FileList:
    return app.screen.query_one(FileList)


def shown_rows(app: App[None]) -> list[str]:
    """Return the lines of the list as they stand on the screen."""
    listed = files_of(app)
    return [listed.render_line(y).text.rstrip() for y in range(min(listed.size.height, max(1, listed.total)))]


def story(app: App[None]) -> str:
    """Return what the pane says."""
    console = Console(width=200)
    with console.capture() as capture:
        console.print(app.screen.query_one("#story", Static).content)
    return capture.get()


async def until_listed(app: KbApp, total: int) -> None:
    """Wait until so many files are listed."""
    await until(
        lambda: files_of(app).total == total and files_of(app).highlighted is not None, "files are listed"
    )


async def open_library(app: KbApp, pilot: Pilot[None], *, total: int) -> None:
    """Go to the screen, and wait until the list is there."""
    await pilot.press("f5")
    await until(lambda: isinstance(app.screen, LibraryScreen), "the library is shown")
    await until(lambda: app.index_state.is_known, "the index is known")
    await until_listed(app, total)


def said_in_notifications(app: KbApp) -> str:
    return "\n".join(str(note.message) for note in app._notifications)


async def test_every_file_is_listed_with_its_reason(mixed_home: Home) -> None:
    """State and path, and of what is not whole the reason; the bar counts each state."""
    app = mixed_home.app(has_model=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_library(app, pilot, total=7)
        text = "\n".join(shown_rows(app))
        assert "✗ broken.pdf" in text
        assert "the PDF is damaged" in text
        assert "the PDF is encrypted" in text
        assert "◐ scan.pdf" in text
        assert "no text on page 2" in text
        assert "– photo.png" in text
        assert "no reader for .png files" in text
        assert "✓ sub/[red]wifi.md" in text
        bar = str(app.screen.query_one(StateBar).render())
        assert "all 7" in bar
        assert "✗ failed 2" in bar
        assert "◐ partial 1" in bar


async def test_states_are_leafed_through(mixed_home: Home) -> None:
    """Left and right go from state to state, a click takes one; an empty one says so."""
    app = mixed_home.app(has_model=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_library(app, pilot, total=7)
        await pilot.press("left")
        await until(lambda: "no file waits" in shown_rows(app)[0], "nothing waits")
        await pilot.press("left")
        await until_listed(app, 2)
        assert [entry and entry.status for entry in (files_of(app).highlighted,)] == [FileStatus.FAILED]
        bar = app.screen.query_one(StateBar)
        await pilot.click(bar, offset=(str(bar.render()).index("indexed") + 1, 0))
        await until_listed(app, 2)
        await until(lambda: app.screen.query_one(FileBrowser).state is FileStatus.INDEXED, "it is picked")


async def test_a_story_is_told_beside_the_list(mixed_home: Home) -> None:
    """Why the file that the cursor is on is as it is."""
    app = mixed_home.app(has_model=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_library(app, pilot, total=7)
        await until(lambda: "the PDF is damaged" in story(app), "the story of the first file is told")
        assert "when it changes" in story(app)
        await pilot.press("end")
        await until(lambda: "chunks" in story(app), "the story of the last file is told")
        assert "[red]wifi.md" in str(app.screen.query_one(StoryPane).border_title).replace("\\", "")


async def test_on_a_small_screen_the_story_is_asked_for(mixed_home: Home) -> None:
    """`i` shows it below the list and hides it again."""
    app = mixed_home.app(has_model=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_library(app, pilot, total=7)
        pane = app.screen.query_one(StoryPane)
        assert not pane.display
        await pilot.press("i")
        await until(lambda: pane.display and pane.size.width > 70, "it is shown below")
        await pilot.press("escape")
        await until(lambda: not pane.display, "it is hidden")


async def test_words_find_files_by_path_and_reason(mixed_home: Home) -> None:
    """As they are typed; Enter goes to the list, Esc shows all again."""
    app = mixed_home.app(has_model=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_library(app, pilot, total=7)
        await pilot.press("slash", *"ENCRYPTED")
        await until_listed(app, 1)
        assert files_of(app).highlighted.path.name == "locked.pdf"  # type: ignore[union-attr]
        await pilot.press("enter")
        assert files_of(app).has_focus
        await pilot.press("slash", *"zzz")
        await until(lambda: "no file here has" in shown_rows(app)[0], "nothing is found")
        await pilot.press("escape")
        await until_listed(app, 7)
        assert not app.screen.query_one(FileBrowser).query_one(Input).display


async def test_a_failed_file_is_read_again_and_so_are_all(mixed_home: Home) -> None:
    """`r` has one read again, `R` all; of others `r` says that there is nothing to be done."""
    client = connect(mixed_home.places)
    app = mixed_home.app(has_model=False)

    def attempts() -> dict[str, int]:
        return {entry.path.name: entry.attempts for entry in client.files(status=FileStatus.FAILED)}

    before = attempts()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_library(app, pilot, total=7)
        await pilot.press("r")
        await until(lambda: attempts().get("broken.pdf") == before["broken.pdf"] + 1, "it was read again")
        assert attempts()["locked.pdf"] == before["locked.pdf"]
        await pilot.press("R")
        await until(
            lambda: all(attempts().get(name, 0) > count for name, count in before.items()),
            "all were read again",
        )
        assert "2 failed files are read again" in said_in_notifications(app)
        await pilot.press("end", "r")
        await until(lambda: "only files that failed" in said_in_notifications(app), "it is said")


async def test_a_file_that_was_mended_is_found_by_itself(mixed_home: Home) -> None:
    """What changes on disk shows in the list without a key."""
    broken = mixed_home.notes / "mended.pdf"
    broken.write_bytes(b"%PDF-1.4 nothing of a PDF follows")
    settle(connect(mixed_home.places))
    app = mixed_home.app(has_model=False)
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await open_library(app, pilot, total=8)
            broken.write_bytes(pdf("Now it is whole."))
            await until(lambda: "✓ mended.pdf" in "\n".join(shown_rows(app)), "it is indexed")
            broken.unlink()
            await until_listed(app, 7)
    finally:
        broken.unlink(missing_ok=True)


async def test_progress_is_shown_while_files_are_read(mixed_home: Home) -> None:
    """How many of how many, with a bar; afterwards nothing is left of it, and the files are in the list."""
    many = mixed_home.notes / "many"
    app = mixed_home.app(has_model=False)
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await open_library(app, pilot, total=7)
            many.mkdir()
            # long ones: a quick machine reads hundreds of short ones between two looks at the daemon.
            for number in range(150):
                text = f"It is about {number * 7}, which is not {number}. " * 80
                (many / f"{number}.md").write_text(f"# Note {number}\n\n{text}\n", "utf-8")
            panel = app.screen.query_one(WorkPanel)
            line = panel.query_one("#work-line", Static)
            shown = panel.query_one("#work-bar", Static)
            await until(lambda: "⟳" in str(line.render()) and "░" in str(shown.render()), "progress is shown")
            assert "files" in str(line.render())
            await until_listed(app, 157)
            await until(lambda: not panel.display, "it is over")
    finally:
        shutil.rmtree(many, ignore_errors=True)
        settle(connect(mixed_home.places))


async def test_indexing_is_paused_and_goes_on(mixed_home: Home) -> None:
    """For as long as one says; the same key goes on, and the panel says how it is."""
    app = mixed_home.app(has_model=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_library(app, pilot, total=7)
        await pilot.press("p")
        await until(lambda: isinstance(app.screen, Choose), "it is asked for how long")
        await pilot.press("2")
        await until(lambda: bool(app.index_state.said.get("paused_why")), "it is paused")
        panel = app.screen.query_one(WorkPanel)
        await until(
            lambda: "paused by you until" in str(panel.query_one("#work-line", Static).render()), "it shows"
        )
        assert panel.display
        await pilot.press("p")
        await until(lambda: not app.index_state.said.get("paused_why"), "it goes on")
        await until(lambda: not panel.display, "nothing is said any more")


async def test_a_folder_is_added_and_removed(mixed_home: Home, tmp_path: Path) -> None:
    """Picked with the picker; removing says first what is lost, and Enter at once loses nothing."""
    more = tmp_path / "more"
    more.mkdir()
    (more / "tides.md").write_text("High tide is at noon.\n", encoding="utf-8")
    app = mixed_home.app(has_model=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_library(app, pilot, total=7)
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, PickFolder), "the picker is shown")
        app.screen.query_one(Input).value = f"{more}/"
        options = app.screen.query_one(OptionList)
        await until(
            lambda: options.option_count == 1 and str(more) in str(options.options[0].prompt), "it is listed"
        )
        await pilot.press("enter")
        await until(lambda: len(app.index_state.said["roots"]) == 2, "it is a folder of the index")
        await until_listed(app, 8)

        roots = app.screen.query_one(RootList)
        roots.focus()
        place = [Path(root["path"]) for root in app.index_state.said["roots"]].index(more) + 1
        await pilot.press(*["down"] * place)
        await until_listed(app, 1)
        assert roots.picked == more
        await pilot.press("d")
        await until(lambda: isinstance(app.screen, Confirm), "it is asked")
        lost = str(app.screen.query_one(".said", Static).render())
        assert "kb forgets 1 file with 1 passage of text" in lost
        assert "The files themselves stay" in lost
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, LibraryScreen), "the question is gone")
        assert len(app.index_state.said["roots"]) == 2
        await pilot.press("d")
        await until(lambda: isinstance(app.screen, Confirm), "it is asked again")
        await pilot.press("y")
        await until(lambda: len(app.index_state.said["roots"]) == 1, "it is forgotten")
        await until_listed(app, 7)
        assert (more / "tides.md").exists()
        assert "forgot" in said_in_notifications(app)


def offers(app: KbApp) -> list[str]:
    """Return what the folder picker lists."""
    options = app.screen.query_one(OptionList)
    return [str(options.get_option_at_index(place).prompt) for place in range(options.option_count)]


async def test_a_folder_that_is_indexed_already_is_said(mixed_home: Home) -> None:
    """The daemon's own words reach the person."""
    app = mixed_home.app(has_model=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_library(app, pilot, total=7)
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, PickFolder), "the picker is shown")
        app.screen.query_one(Input).value = f"{mixed_home.notes}/sub/"
        await until(lambda: offers(app)[:1] == [f"✓ take {mixed_home.notes}/sub"], "it is listed")
        await pilot.press("enter")
        await until(lambda: "already indexed as part of" in said_in_notifications(app), "it is said")


async def test_a_folder_that_is_away_is_told_of(mixed_home: Home) -> None:
    """Its state stands beside it, and what that means in its story."""
    hidden = mixed_home.notes.with_name("elsewhere")
    client = connect(mixed_home.places)
    mixed_home.notes.rename(hidden)
    app = mixed_home.app(has_model=False)
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await open_library(app, pilot, total=7)
            await pilot.press("s")
            await until(lambda: app.index_state.said["roots"][0]["is_away"], "it is known to be away")
            roots = app.screen.query_one(RootList)
            await until(lambda: "○ away" in str(roots.get_option_at_index(1).prompt), "it shows")
            roots.focus()
            await pilot.press("down")
            await until(lambda: "can still be found" in story(app), "it is explained")
    finally:
        hidden.rename(mixed_home.notes)
        client.sweep()
        settle(client)


async def test_without_folders_the_screen_says_what_to_do(empty_home: Home) -> None:
    """One sentence with the key, and nothing else fails."""
    app = empty_home.app(has_model=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f5")
        await until(lambda: app.index_state.is_known, "the index is known")
        await until(lambda: "press a to add one" in shown_rows(app)[0], "it is said")
        await pilot.press("d", "r", "enter", "R")
        await until(lambda: "no folder is indexed yet" in said_in_notifications(app), "it is said")


@pytest.mark.parametrize(
    ("name", "status", "place"),
    [
        ("a.md", FileStatus.INDEXED, Locator(line_start=1)),
        ("a.pdf", FileStatus.INDEXED, Locator(page_start=1)),
        ("a.pdf", FileStatus.FAILED, Locator(page_start=1)),
        ("a.zip", FileStatus.SKIPPED, Locator()),
    ],
)
def test_what_is_no_text_is_not_for_the_editor(name: str, status: FileStatus, place: Locator) -> None:
    """A PDF has pages, and what was not read has no places at all."""
    state = FileState(size_bytes=1, mtime_ns=1, inode=1)
    assert _beginning(FileEntry(path=Path("/notes") / name, status=status, state=state)) == place


async def test_a_file_is_opened_in_the_persons_program(mixed_home: Home, tmp_path: Path) -> None:
    """Enter on a file runs what the config names for it."""
    opened = tmp_path / "opened"
    script = tmp_path / "opener"
    script.write_text(f'#!/bin/sh\necho "$@" > {opened}\n', encoding="utf-8")
    script.chmod(0o755)
    app = mixed_home.app(has_model=False, more=f"[tui.openers]\nmd = '{script} {{path}}'\n")
    async with app.run_test(size=(120, 40)) as pilot:
        await open_library(app, pilot, total=7)
        await pilot.press("slash", *"rent", "enter")
        await until_listed(app, 1)
        await pilot.press("enter")
        await until(opened.exists, "it was opened")
        await until(lambda: "rent.md" in opened.read_text(encoding="utf-8"), "with its path")


def test_every_state_has_its_place() -> None:
    """The bar leaves none out."""
    assert {state for state in STATES if state} == set(FileStatus)
