"""Opening files from the app: what is started, what is asked first, what is said where it fails."""

import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from assistant.config import TuiSettings
from assistant.tui.opening import open_place, open_target
from assistant.tui.widgets.dialogs import Confirm
from indexer.types import Locator
from tests.assistant.tui.homes import until

pytestmark = pytest.mark.anyio

LINE = Locator(line_start=7)
Work = Callable[[App[None]], Coroutine[Any, Any, None]]


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """Return an editor that writes down what it was given."""
    script = tmp_path / "my-editor"
    script.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/given.tmp\nmv {tmp_path}/given.tmp {tmp_path}/given\n'
    )
    script.chmod(0o755)
    return script


def told(app: App[None]) -> str:
    """Return what the app has said in notifications."""
    return " ".join(note.message for note in app._notifications)


async def run(app: App[None], work: Work) -> None:
    """Do something in a worker, as the screens do."""
    await app.run_worker(work(app)).wait()


async def until_asked(app: App[None], pilot: Pilot[None]) -> str:
    """Wait for a question, and return its text."""
    await until(lambda: isinstance(app.screen, Confirm), "it is asked")
    await pilot.pause()
    return " ".join(str(part.render()) for part in app.screen.query("Static"))


async def test_an_editor_gets_file_and_line(tmp_path: Path, editor: Path) -> None:
    """As the config says."""
    note = tmp_path / "a b.md"
    note.write_text("x")
    settings = TuiSettings(openers={"md": f"{editor} {{path}} {{line}}"})
    app = App[None]()
    async with app.run_test():
        await run(app, lambda app: open_place(app, note, LINE, settings))
        given = tmp_path / "given"
        await until(lambda: given.exists() and len(given.read_text().splitlines()) == 2, "the editor ran")
        assert (tmp_path / "given").read_text().splitlines() == [str(note), "7"]
        assert told(app) == ""


async def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    """Nothing is started."""
    app = App[None]()
    async with app.run_test():
        await run(app, lambda app: open_place(app, tmp_path / "gone.md", LINE, TuiSettings(editor="code")))
        assert "gone.md is not there any more" in told(app)


async def test_a_program_that_is_missing_is_said(tmp_path: Path) -> None:
    """With the setting that names it."""
    note = tmp_path / "a.md"
    note.write_text("x")
    app = App[None]()
    async with app.run_test():
        settings = TuiSettings(openers={"md": "/nowhere/editor"})
        await run(app, lambda app: open_place(app, note, LINE, settings))
        assert "/nowhere/editor cannot be run: no such file" in told(app)
        assert "[tui] editor" in told(app)


async def test_a_program_that_fails_is_said(tmp_path: Path) -> None:
    """With its exit code."""
    note = tmp_path / "a.md"
    note.write_text("x")
    app = App[None]()
    async with app.run_test():
        await run(app, lambda app: open_place(app, note, LINE, TuiSettings(openers={"md": "false"})))
        assert "false could not open it: it ended with code 1" in told(app)


async def test_a_terminal_that_cannot_be_given_away_is_said(tmp_path: Path) -> None:
    """An editor in the terminal needs it."""
    note = tmp_path / "a.md"
    note.write_text("x")
    app = App[None]()
    async with app.run_test():
        await run(app, lambda app: open_place(app, note, LINE, TuiSettings(editor="vim")))
        assert "vim needs a terminal of its own" in told(app)


async def test_a_program_is_not_run_without_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desktop might run it; "no" leaves it alone."""
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    opener = tmp_path / "xdg-open"
    opener.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    opener.chmod(0o755)
    program = tmp_path / "tool.desktop"
    program.write_text("x")
    app = App[None]()
    async with app.run_test() as pilot:
        worker = app.run_worker(open_place(app, program, Locator(), TuiSettings()))
        assert "would be run" in await until_asked(app, pilot)
        await pilot.press("n")
        await worker.wait()
        assert not (tmp_path / "ran").exists()


async def test_a_file_that_is_not_indexed_is_asked_about(tmp_path: Path, editor: Path) -> None:
    """A path in an answer may name anything; "yes" opens it."""
    note = tmp_path / "secret.md"
    note.write_text("x")
    settings = TuiSettings(openers={"md": f"{editor} {{path}}"})
    app = App[None]()
    async with app.run_test() as pilot:
        worker = app.run_worker(open_target(app, str(note), [], settings))
        assert "not one of the indexed files" in await until_asked(app, pilot)
        await pilot.press("y")
        await worker.wait()
        await until((tmp_path / "given").exists, "the editor ran")


async def test_a_link_to_a_file_of_the_answer_opens_it(tmp_path: Path, editor: Path) -> None:
    """By the end of its path, and without asking."""
    note = tmp_path / "flat" / "rent.md"
    note.parent.mkdir()
    note.write_text("x")
    settings = TuiSettings(openers={"md": f"{editor} {{path}}"})
    app = App[None]()
    async with app.run_test():
        await run(app, lambda app: open_target(app, "flat/rent.md#due", [note], settings))
        await until((tmp_path / "given").exists, "the editor ran")


async def test_a_link_that_leads_out_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its whole target is shown first."""
    opener = tmp_path / "xdg-open"
    opener.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    app = App[None]()
    async with app.run_test(size=(120, 40)) as pilot:
        worker = app.run_worker(open_target(app, "https://evil.example/?q=[b]", [], TuiSettings()))
        assert "https://evil.example/?q=[b]" in await until_asked(app, pilot)
        await pilot.press("escape")
        await worker.wait()
        assert not (tmp_path / "ran").exists()


async def test_a_relative_link_to_nothing_of_the_answer_is_not_opened(tmp_path: Path) -> None:
    """Nobody knows what it is relative to."""
    app = App[None]()
    async with app.run_test():
        await run(app, lambda app: open_target(app, "other.md", [tmp_path / "a.md"], TuiSettings()))
        assert "other.md is none of the files of this answer" in told(app)
