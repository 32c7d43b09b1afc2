"""Dialogs and the folder picker, driven by keys and mouse."""

import os
from pathlib import Path
from typing import Any

import pytest
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from assistant.tui.folders import Suggestion
from assistant.tui.key_queue import KeysInTurnApp
from assistant.tui.widgets.dialogs import AskText, Choose, Confirm
from assistant.tui.widgets.folder_picker import MOST_SHOWN, PickFolder
from tests.assistant.tui.homes import until

pytestmark = pytest.mark.anyio


class Asking(KeysInTurnApp):
    """Shows one dialog, and keeps what came of it."""

    def __init__(self, dialog: ModalScreen[Any]) -> None:
        super().__init__()
        self._dialog = dialog
        self.answers: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self._dialog, self.answers.append)

    @property
    def listed(self) -> list[str]:
        """What the list shows."""
        options = self.screen.query_one(OptionList)
        return [str(options.get_option_at_index(place).prompt) for place in range(options.option_count)]

    @property
    def typed(self) -> str:
        """What stands in the field."""
        return self.screen.query_one(Input).value


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a home with a few folders."""
    for name in ("notes/work", "notes/[home]", "Notizen", "papers/2026", ".config/kb"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "notes" / "a.md").write_text("text", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], False),
        (["escape"], False),
        (["n"], False),
        (["y"], True),
        (["tab", "enter"], True),
        (["right", "enter"], True),
    ],
)
async def test_a_question_is_answered_by_keys(keys: list[str], answer: bool) -> None:
    """Enter at once does no harm; `y` and `n` need no focus."""
    app = Asking(Confirm("Remove?", "3 files are forgotten.", yes="Remove"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys)
        await until(lambda: app.answers == [answer], "the question is answered")


async def test_a_question_is_answered_by_mouse() -> None:
    """Both answers are buttons."""
    app = Asking(Confirm("Remove?", "3 files are forgotten.", yes="Remove"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click("#yes")
        await until(lambda: app.answers == [True], "the question is answered")


async def test_text_of_others_in_a_dialog_is_only_text() -> None:
    """Markup and control characters of names do nothing."""
    app = Asking(Confirm("Remove [red]x\x1b[31m?", "[bold]a[b].md\x1b]0;title\x07"))
    async with app.run_test(size=(80, 24)):
        said = app.screen.query_one(".said", Static)
        assert str(said.render()) == "[bold]a[b].md"
        assert str(app.screen.query_one(".dialog").border_title) == "Remove \\[red]x?"


@pytest.mark.parametrize(
    ("keys", "answer"), [(["enter"], 0), (["down", "enter"], 1), (["2"], 1), (["9", "escape"], None)]
)
async def test_one_of_a_few_things_is_chosen(keys: list[str], answer: int | None) -> None:
    """By arrows or by its number."""
    app = Asking(Choose("For how long?", ["an hour", "[a] day"]))
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.listed == ["1  an hour", "2  [a] day"]
        await pilot.press(*keys)
        await until(lambda: app.answers == [answer], "it is chosen")


async def test_a_line_of_text_is_asked_for() -> None:
    """What stood there can be changed; blanks around it go."""
    app = Asking(AskText("Name", text="old"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("end", *"er  ", "enter")
        await until(lambda: app.answers == ["older"], "the text is taken")


async def test_no_text_is_no_answer() -> None:
    """Enter on an empty line does nothing, Esc returns nothing."""
    app = Asking(AskText("Name"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "escape")
        await until(lambda: bool(app.answers), "the dialog is closed")
        assert app.answers == [None]


async def test_a_folder_is_found_by_typing(tree: Path) -> None:
    """The list narrows down, Enter goes in, and Enter again takes it."""
    app = Asking(PickFolder(home=tree))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"~/not")
        await until(lambda: app.listed == ["  notes/", "  Notizen/"], "what fits is listed")
        await pilot.press("enter")
        await until(lambda: len(app.listed) == 3, "it went in")
        assert app.typed == "~/notes/"
        assert app.listed == ["✓ take ~/notes", "  [home]/", "  work/"]
        await pilot.press("enter")
        await until(lambda: app.answers == [tree / "notes"], "the folder is taken")


async def test_arrows_go_down_the_tree(tree: Path) -> None:
    """Without typing a letter."""
    app = Asking(PickFolder(home=tree))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: "  notes/" in app.listed, "the home is listed")
        await pilot.press(*["down"] * app.listed.index("  notes/"), "enter")
        await until(lambda: "  work/" in app.listed, "it went in")
        await pilot.press("down", "down", "enter")
        await until(lambda: app.listed == ["✓ take ~/notes/work"], "it went in again")
        await pilot.press("enter")
        await until(lambda: app.answers == [tree / "notes" / "work"], "the folder is taken")


async def test_tab_completes(tree: Path) -> None:
    """As far as it is clear; then into what is highlighted."""
    app = Asking(PickFolder(home=tree))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"~/pa")
        await until(lambda: app.listed == ["  papers/"], "what fits is listed")
        await pilot.press("tab")
        await until(lambda: app.typed == "~/papers/", "the name is whole")
        await until(lambda: "  2026/" in app.listed, "the folder is listed")
        await pilot.press("down", "tab")
        await until(lambda: app.typed == "~/papers/2026/", "it went into the highlighted one")


async def test_hidden_folders_are_shown_on_demand(tree: Path) -> None:
    """By a key, or by a dot."""
    app = Asking(PickFolder(home=tree))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"~/")
        await until(lambda: "  notes/" in app.listed, "the home is listed")
        assert "  .config/" not in app.listed
        await pilot.press("ctrl+t")
        assert "  .config/" in app.listed
        await pilot.press("ctrl+t", ".")
        await until(lambda: app.listed == ["  .config/"], "the dot shows it")


async def test_suggestions_come_first_and_one_key_takes_them(tree: Path) -> None:
    """What is suggested is taken by Enter; what is indexed is marked."""
    dialog = PickFolder(
        suggest=lambda: [Suggestion(tree / "notes", "notes of Obsidian"), Suggestion(tree / "papers")],
        indexed=[tree / "papers"],
        home=tree,
    )
    app = Asking(dialog)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: len(app.listed) == 2, "the suggestions are listed")
        assert app.listed == ["✓ take ~/notes  notes of Obsidian", "✓ take ~/papers  indexed already"]
        await pilot.press("enter")
        await until(lambda: app.answers == [tree / "notes"], "the folder is taken")


async def test_a_click_takes_a_suggestion(tree: Path) -> None:
    """The mouse works too."""
    app = Asking(PickFolder(suggest=lambda: [Suggestion(tree / "notes")], home=tree))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: len(app.listed) == 1, "the suggestion is listed")
        await pilot.click(OptionList, offset=(5, 0))
        await until(lambda: app.answers == [tree / "notes"], "the folder is taken")


@pytest.mark.parametrize(
    ("typed", "said"),
    [("~/nothing/", "there is no folder ~/nothing"), ("~/notes/a.md/", "~/notes/a.md is no folder")],
)
async def test_what_cannot_be_listed_is_said(tree: Path, typed: str, said: str) -> None:
    """A folder that is not there, a file: one sentence, and nothing is taken."""
    app = Asking(PickFolder(start=typed, home=tree))
    async with app.run_test(size=(80, 24)) as pilot:
        trouble = app.screen.query_one("#trouble", Static)
        await until(lambda: str(trouble.render()) == said, "it is said")
        await pilot.press("ctrl+s")
        await until(lambda: "no folder that can be reached" in str(trouble.render()), "it is not taken")
        assert app.answers == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
async def test_a_closed_folder_is_said(tree: Path) -> None:
    """A folder that may not be read."""
    (tree / "papers").chmod(0)
    app = Asking(PickFolder(start="~/papers/", home=tree))
    async with app.run_test(size=(80, 24)):
        trouble = app.screen.query_one("#trouble", Static)
        await until(lambda: "permission denied" in str(trouble.render()), "it is said")
    (tree / "papers").chmod(0o700)


async def test_a_huge_folder_is_listed_in_part(tmp_path: Path) -> None:
    """Typing narrows it down."""
    for number in range(MOST_SHOWN + 50):
        (tmp_path / f"folder{number:04}").mkdir()
    app = Asking(PickFolder(start="~/", home=tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: len(app.listed) == MOST_SHOWN + 1, "it is listed")
        assert "50 more folders" in str(app.screen.query_one("#trouble", Static).render())
        await pilot.press(*"folder0349")
        await until(lambda: app.listed == ["  folder0349/"], "the last one is found")


async def test_a_folder_whose_name_cannot_be_shown_can_be_picked(tmp_path: Path) -> None:
    """What its name would do to the terminal stays off the screen, and the folder is the right one."""
    odd = tmp_path / "od\x1b[31md\n" / "in"
    odd.mkdir(parents=True)
    app = Asking(PickFolder(start="~/", home=tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.listed == ["✓ take ~", "  odd/"], "it is listed")
        await pilot.press("down", "enter")
        await until(lambda: "  in/" in app.listed, "it went in")
        assert app.typed == "~/odd /"
        await pilot.press("down", "enter")
        await until(lambda: app.listed[:1] == ["✓ take ~/odd /in"], "it went in again")
        await pilot.press("enter")
        await until(lambda: app.answers == [odd], "the folder is taken")


async def test_escape_picks_none(tree: Path) -> None:
    """And nothing has happened."""
    app = Asking(PickFolder(home=tree))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("escape")
        await until(lambda: app.answers == [None], "the picker is closed")
