"""The Conversations screen, driven by keys, over a real history."""

import stat
from pathlib import Path
from typing import cast

import pytest
from textual.widgets import Input, Static

from assistant.history import History
from assistant.tui.app import KbApp
from assistant.tui.screens.conversations import ConversationsScreen, export_folder
from assistant.tui.widgets.dialogs import AskText, Confirm
from tests.assistant.history.test_history import turn
from tests.assistant.tui.homes import Home, until

pytestmark = pytest.mark.anyio


def keep(home: Home, *questions: str, answer: str = "Yes [1].", conversation: int | None = None) -> int:
    """Keep a conversation with these questions."""
    with History.open(home.places.history_file) as history:
        for question in questions:
            conversation = history.add(turn(question, answer), conversation)
    assert conversation is not None
    return conversation


def kept(home: Home) -> list[str]:
    """Return the titles of what is kept, the latest first."""
    with History.open(home.places.history_file) as history:
        return [each.title for each in history.conversations()]


async def opened(app: KbApp) -> ConversationsScreen:
    """Show the Conversations screen."""
    await app.switch_mode("conversations")
    screen = cast("ConversationsScreen", app.screen)
    await until(lambda: bool(titles(screen) or state(screen)), "it is read")
    return screen


def titles(screen: ConversationsScreen) -> list[str]:
    """Return the titles that are listed."""
    return [each.conversation.title for each in screen.kept.listed]


def state(screen: ConversationsScreen) -> str:
    """Return what is shown in place of the list; empty where there is one."""
    shown = screen.query_one("#kept-state", Static)
    return "" if shown.has_class("-hidden") else str(shown.render())


def read(screen: ConversationsScreen) -> str:
    """Return the turns that can be read."""
    return "\n".join(str(part.render()) for part in screen.query("TurnsView Static").results(Static))


async def test_conversations_are_listed_and_read(home: Home) -> None:
    """The latest first, with its turns beside; the other one when one moves to it."""
    keep(home, "What is the rent?", "When is it due?", answer="On the first [1].")
    keep(home, "Who is the landlord?", answer="Karin [1].")
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        assert titles(screen) == ["Who is the landlord?", "What is the rent?"]
        await until(lambda: "Karin [1]." in read(screen), "the first is read")
        await pilot.press("down")
        await until(lambda: "When is it due?" in read(screen), "the other one is read")
        assert "What is the rent?" in read(screen)
        assert "2 questions" in str(screen.kept.get_option_at_index(1).prompt)


async def test_words_are_found_while_one_types(home: Home) -> None:
    """In questions and answers; the turn that holds them is shown."""
    keep(home, "What is the rent?", *(f"Question {number}" for number in range(60)), answer="Nothing.")
    keep(home, "Who is the landlord?", answer="Karin [1].")
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press("slash", *"karin")
        await until(lambda: titles(screen) == ["Who is the landlord?"], "it is found")
        await pilot.press("escape", *"rent")
        await until(lambda: titles(screen) == ["What is the rent?"], "the other one is found")
        await until(lambda: "What is the rent?" in read(screen), "its turn is shown")
        assert "What is the rent? — Nothing." in str(screen.kept.get_option_at_index(0).prompt)
        await pilot.press("escape", *"nowhere")
        await until(lambda: "No conversation holds these words" in state(screen), "it is said")
        await pilot.press("escape", "escape")
        await until(lambda: len(titles(screen)) == 2, "all are there again")


async def test_enter_continues_a_conversation(home: Home) -> None:
    """On the Ask screen."""
    first = keep(home, "What is the rent?")
    keep(home, "Who is the landlord?")
    app = home.app()
    resumed: list[int] = []

    async def resume(conversation: int) -> None:
        resumed.append(conversation)

    app.resume = resume  # type: ignore[method-assign]
    async with app.run_test(size=(140, 40)) as pilot:
        await opened(app)
        await pilot.press("down", "enter")
        await until(lambda: resumed == [first], "it goes on")


async def test_a_new_conversation_is_begun_on_the_ask_screen(home: Home) -> None:
    """With its key."""
    keep(home, "What is the rent?")
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        await opened(app)
        await pilot.press("n")
        await until(lambda: app.current_mode == "ask", "it is shown")


async def test_a_conversation_can_be_renamed(home: Home) -> None:
    """The old title can be edited; Esc leaves it."""
    keep(home, "What is the rent?")
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, AskText), "it is asked for")
        await pilot.press("escape")
        await until(lambda: app.screen is screen, "it is left")
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, AskText), "it is asked for")
        assert app.screen.query_one(Input).value == "What is the rent?"
        app.screen.query_one(Input).value = "Cabin"
        await pilot.press("enter")
        await until(lambda: titles(screen) == ["Cabin"], "it is renamed")
    assert kept(home) == ["Cabin"]


async def test_deleting_asks_first(home: Home) -> None:
    """What is lost is said, and no is the answer at hand."""
    keep(home, "What is the rent?", "When is it due?")
    keep(home, "Who is the landlord?")
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press("down", "d")
        await until(lambda: isinstance(app.screen, Confirm), "it is asked")
        said = " ".join(str(part.render()) for part in app.screen.query(Static).results(Static))
        assert "“What is the rent?”" in said
        assert "2 questions and their answers" in said
        await pilot.press("enter")
        await until(lambda: app.screen is screen, "it is left")
        assert len(kept(home)) == 2
        await pilot.press("d")
        await until(lambda: isinstance(app.screen, Confirm), "it is asked")
        await pilot.press("y")
        await until(lambda: titles(screen) == ["Who is the landlord?"], "it is deleted")
    assert kept(home) == ["Who is the landlord?"]


async def test_several_can_be_marked_and_deleted(home: Home) -> None:
    """Space marks, Esc takes the marks away."""
    for question in ("one", "two", "three"):
        keep(home, question)
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press("space", "space")
        assert [each.title for each in screen.kept.chosen] == ["three", "two"]
        assert "2 marked" in str(screen.kept.border_subtitle)
        assert str(screen.kept.get_option_at_index(0).prompt).startswith("✓ three")
        await pilot.press("escape")
        assert [each.title for each in screen.kept.chosen] == ["one"]
        await pilot.press("home", "space", "space", "d")
        await until(lambda: isinstance(app.screen, Confirm), "it is asked")
        await pilot.press("y")
        await until(lambda: titles(screen) == ["one"], "they are deleted")


async def test_conversations_are_exported(home: Home, tmp_path: Path) -> None:
    """As Markdown that only its owner reads; what is there is not replaced unasked."""
    keep(home, "What is the rent?", answer="640 euros [1].")
    app = home.app()
    target = tmp_path / "kept.md"
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)

        async def export() -> None:
            await pilot.press("e")
            await until(lambda: isinstance(app.screen, AskText), "it is asked where")
            assert app.screen.query_one(Input).value == str(export_folder() / "what-is-the-rent.md")
            app.screen.query_one(Input).value = str(target)
            await pilot.press("enter")

        await export()
        # it is there before all of it is written.
        await until(
            lambda: target.exists() and "640 euros [1]." in target.read_text(encoding="utf-8"),
            "it is written",
        )
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        await until(lambda: app.screen is screen, "it is done")
        target.write_text("mine", encoding="utf-8")
        await export()
        await until(lambda: isinstance(app.screen, Confirm), "it is asked")
        await pilot.press("n")
        await until(lambda: app.screen is screen, "it is left")
        assert target.read_text(encoding="utf-8") == "mine"
        await export()
        await until(lambda: isinstance(app.screen, Confirm), "it is asked")
        await pilot.press("y")
        await until(lambda: "640 euros" in target.read_text(encoding="utf-8"), "it is replaced")


async def test_what_was_asked_meanwhile_is_there_when_it_is_shown_again(home: Home) -> None:
    """And what is highlighted stays so."""
    keep(home, "What is the rent?")
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press("f3")
        await until(lambda: app.current_mode == "search", "another screen is shown")
        keep(home, "Who is the landlord?")
        await pilot.press("f4")
        await until(lambda: len(titles(screen)) == 2, "it is listed")
        assert screen.kept.current is not None
        assert screen.kept.current.conversation.title == "What is the rent?"


async def test_without_conversations_it_says_so(home: Home) -> None:
    """And no history is made by looking."""
    app = home.app()
    async with app.run_test():
        screen = await opened(app)
        assert "Nothing was asked yet" in state(screen)
    assert not home.places.history_file.exists()


async def test_a_damaged_history_is_a_sentence(home: Home) -> None:
    """With what to do about it."""
    home.places.history_file.write_bytes(b"no history at all, but long enough to be read as one" * 50)
    app = home.app()
    async with app.run_test():
        screen = await opened(app)
        assert state(screen).startswith("✗ ")
        assert "move it away" in state(screen)


async def test_what_is_not_kept_is_said(home: Home) -> None:
    """Where the config says so; what was kept before can be read all the same."""
    keep(home, "What is the rent?")
    app = home.app(more="[history]\nkeep = false\n")
    async with app.run_test(size=(140, 40)):
        screen = await opened(app)
        assert titles(screen) == ["What is the rent?"]
        assert "not kept" in str(screen.query_one("#kept-line", Static).render())


async def test_titles_and_answers_cannot_draw_outside_their_place(home: Home) -> None:
    """Markup is text, and control sequences are gone."""
    keep(home, "[bold]x[/bold] \x1b[2J", answer="\x1b]0;title\x07[red]y[/red] \u202e")
    app = home.app()
    async with app.run_test(size=(140, 40)):
        screen = await opened(app)
        await until(lambda: "[red]y[/red]" in read(screen), "it is read")
        assert "[bold]x[/bold]" in str(screen.kept.get_option_at_index(0).prompt)
        assert "\x1b" not in read(screen)
        assert "\u202e" not in read(screen)
