"""Keys that come together, as over a slow line: each does what it does before the next one."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from textual import events
from textual.app import App
from textual.keys import _character_to_key
from textual.widgets import Input

from assistant.tui.screens.ask import AskScreen
from assistant.tui.screens.library import LibraryScreen
from assistant.tui.screens.search import SearchScreen
from assistant.tui.widgets.dialogs import AskText
from assistant.tui.widgets.folder_picker import PickFolder
from tests.assistant.tui.asking import ask_screen, asked, until_over, views
from tests.assistant.tui.homes import Home, noting_editor, until
from tests.assistant.tui.test_conversations_screen import keep, kept
from tests.assistant.tui.test_conversations_screen import opened as opened_conversations
from tests.assistant.tui.test_dialogs import Asking
from tests.assistant.tui.test_prompt import prompted
from tests.assistant.tui.test_search_screen import names, opened

pytestmark = pytest.mark.anyio


def press_together(app: App[Any], *keys: str) -> None:
    """Press keys so that all of them are there before the first one is handled.

    Args:
        app: Gets them.
        keys: Names of keys; a single letter or sign stands for itself.
    """
    for key in keys:
        single = len(key) == 1
        app.post_message(events.Key(_character_to_key(key) if single else key, key if single else None))


async def test_a_question_is_asked_whole() -> None:
    """Enter does not overtake the letters before it, nor do those behind it belong to the question."""
    async with prompted() as (app, pilot):
        press_together(app, *"why is it", "enter", *"and who")
        await pilot.pause()
        await until(lambda: app.prompt.text == "and who", "all is written")
        assert app.asked == [("why is it", "")]


async def test_what_is_deleted_is_what_was_meant() -> None:
    """Letters do not overtake the backspace and the arrows before them."""
    async with prompted() as (app, pilot):
        press_together(app, *"abc", "backspace", *"df", "left", "e", "end", "ctrl+j", "g")
        await pilot.pause()
        await until(lambda: app.prompt.text == "abdef\ng", "all is written")


async def test_a_reverse_search_takes_its_letters() -> None:
    """And Enter takes what it found; it does not ask yet."""
    async with prompted(["older question", "rent of the cabin"]) as (app, pilot):
        press_together(app, "ctrl+r", *"old", "enter", "!")
        await pilot.pause()
        await until(lambda: app.prompt.text == "older question!", "it is found")
        assert app.asked == []


async def test_a_line_of_a_dialog_is_taken_whole() -> None:
    """As in the prompt."""
    app = Asking(AskText("Name"))
    async with app.run_test(size=(80, 24)):
        press_together(app, *"ab", "backspace", *"cd", "enter")
        await until(lambda: bool(app.answers), "the dialog is closed")
        assert app.answers == ["acd"]


async def test_tab_completes_what_was_typed_before_it(tmp_path: Path) -> None:
    """In the folder picker."""
    (tmp_path / "papers").mkdir()
    app = Asking(PickFolder(home=tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"~/")
        await until(lambda: "  papers/" in app.listed, "the home is listed")
        press_together(app, *"pa", "tab", *"20")
        await until(lambda: app.typed == "~/papers/20", "the name is whole")


async def test_a_search_opens_what_all_of_its_words_find(home: Home, tmp_path: Path) -> None:
    """Not what the first letters had found when Enter was pressed."""
    seen, config = noting_editor(tmp_path)
    app = home.app(more=config)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*"lisbon")
        await until(lambda: names(screen)[:1] == ["lisbon.md"], "another note is found")
        press_together(app, *["backspace"] * 6, *"rent of the cabin", "enter")
        await until(lambda: seen.exists() and bool(seen.read_text()), "it is opened")
        assert seen.read_text().endswith(f" {home.notes / 'home' / 'cabin.md'}\n")


async def test_a_search_is_asked_whole(home: Home) -> None:
    """Ctrl+A takes every letter before it."""
    app = home.app(has_model=False)
    asked: list[str] = []

    async def ask(question: str) -> None:
        asked.append(question)

    app.ask = ask  # type: ignore[method-assign]
    async with app.run_test(size=(140, 40)):
        await opened(app)
        press_together(app, *"rent of the cabin", "ctrl+a")
        await until(lambda: asked == ["rent of the cabin"], "it is asked")


async def test_a_conversation_is_gone_on_with_that_all_words_find(home: Home) -> None:
    """Not with the one that stood first when Enter was pressed."""
    first = keep(home, "What is the rent?")
    keep(home, "Who is the landlord?")
    app = home.app(has_model=False)
    resumed: list[int] = []

    async def resume(conversation: int) -> None:
        resumed.append(conversation)

    app.resume = resume  # type: ignore[method-assign]
    async with app.run_test(size=(140, 40)) as pilot:
        await opened_conversations(app)
        await pilot.press("slash")
        press_together(app, *"rent", "enter")
        await until(lambda: bool(resumed), "it goes on")
        assert resumed == [first]


async def test_letters_behind_a_screen_key_are_for_that_screen(home: Home) -> None:
    """Also when it is shown for the first time."""
    app = home.app(has_model=False)
    async with app.run_test(size=(140, 40)):
        await until(lambda: app.screen.focused is not None, "one can type")
        press_together(app, "f3", *"zebra", "f5", "f2", *"why")
        await until(
            lambda: isinstance(app.screen, AskScreen) and app.screen.prompt.text == "why", "it is typed"
        )
        await app.switch_mode("search")
        assert cast("SearchScreen", app.screen).box.text == "zebra"


async def test_letters_behind_a_key_that_opens_a_dialog_are_for_the_dialog(home: Home) -> None:
    """In a list each of them would do something."""
    kept_one = keep(home, "What is the rent?")
    app = home.app(has_model=False)
    async with app.run_test(size=(140, 40)):
        await opened_conversations(app)
        press_together(app, "r", "ctrl+u", *"day dream", "enter")
        await until(lambda: kept(home) == ["day dream"], "it has another title")
        press_together(app, "f5")
        await until(lambda: isinstance(app.screen, LibraryScreen), "the library is shown")
        press_together(app, "a", *"/tmp/sadr")
        await until(
            lambda: isinstance(app.screen, PickFolder) and app.screen.query_one(Input).value == "/tmp/sadr",
            "the folder is typed",
        )
        assert kept_one


async def test_what_is_typed_behind_edit_last_is_added(home: Home) -> None:
    """The last question stands in the prompt before the letters come."""
    app = home.app(has_model=False)
    async with app.run_test(size=(140, 40)):
        await asked(app, "How much is the rent?")
        press_together(app, "ctrl+l", *" really?", "enter")
        await until(lambda: len(views(app)) == 2, "it is asked")
        assert views(app)[1].exchange.question.text == "How much is the rent? really?"


async def test_a_question_behind_the_key_for_private_ones_is_private(home: Home) -> None:
    """It is asked in the new conversation, and not kept."""
    app = home.app(has_model=False)
    async with app.run_test(size=(140, 40)):
        await until(app.is_painted.is_set, "it is begun")
        press_together(app, "f7", *"rent of the cabin", "enter")
        await until_over(app, 1)
    assert not home.places.history_file.exists()


@pytest.mark.parametrize("width", [80, 140])
async def test_enter_behind_the_key_for_sources_opens_one(home: Home, tmp_path: Path, width: int) -> None:
    """And does not ask what stands in the prompt."""
    seen, config = noting_editor(tmp_path)
    app = home.app(has_model=False, more=config)
    async with app.run_test(size=(width, 40)):
        await asked(app, "How much is the rent of the cabin?")
        press_together(app, *"half a que", "ctrl+s", "enter")
        await until(seen.exists, "the source is opened")
        assert ask_screen(app).prompt.text == "half a que"
        assert len(views(app)) == 1


async def test_what_is_pasted_is_there_before_the_enter_behind_it() -> None:
    """A paste comes in turn as well."""
    async with prompted() as (app, pilot):
        press_together(app, *"why ")
        app.post_message(events.Paste("is it so"))
        press_together(app, "enter")
        await pilot.pause()
        await until(lambda: app.asked == [("why is it so", "")], "all of it is asked")


async def test_keys_go_on_where_one_of_them_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, and in their order."""
    monkeypatch.setattr("assistant.tui.key_queue.PATIENCE_S", 0.2)
    async with prompted() as (app, pilot):
        hangs = asyncio.Event()

        async def hang(text: str) -> None:
            await hangs.wait()

        app.prompt.write_paste = hang  # type: ignore[method-assign]
        app.post_message(events.Paste("never written"))
        press_together(app, "ctrl+q")
        await until(lambda: not app.is_running, "the app is left")
        hangs.set()
        await pilot.pause()


@pytest.mark.parametrize(
    "keys", [["x", "enter", "enter"], ["x", "escape", "escape"], ["x", "enter", "escape"]]
)
async def test_a_dialog_is_answered_once(keys: list[str]) -> None:
    """A second key is for what was behind it, and does not close that."""
    app = Asking(AskText("Name"))
    async with app.run_test(size=(80, 24)) as pilot:
        press_together(app, *keys)
        await until(lambda: bool(app.answers), "it is answered")
        await pilot.pause()
        assert len(app.answers) == 1
        assert app.is_running
