"""The prompt, driven by keys."""

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.widgets import Button

from assistant.errors import HistoryError
from assistant.tui.key_queue import KeysInTurnApp
from assistant.tui.widgets.prompt import Prompt
from indexer.errors import DaemonError
from indexer.types import Offer
from tests.assistant.tui.homes import until

pytestmark = pytest.mark.anyio


class PromptApp(KeysInTurnApp):
    """A prompt, and a button beside it."""

    def __init__(self, prompt: Prompt) -> None:
        super().__init__()
        self.prompt = prompt
        self.asked: list[tuple[str, str]] = []
        self.begun = 0

    def compose(self) -> ComposeResult:
        yield self.prompt
        yield Button("other")

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        self.asked.append((event.text, event.extra))

    def on_prompt_begun(self) -> None:
        self.begun += 1

    async def paste(self, text: str, pilot: Pilot[None]) -> None:
        """Paste as a terminal does."""
        self.prompt.post_message(events.Paste(text))
        await pilot.pause()


@asynccontextmanager
async def prompted(
    history: Sequence[str] = (), *, width: int = 80, prompt: Prompt | None = None
) -> AsyncIterator[tuple[PromptApp, Pilot[None]]]:
    """Run an app with a prompt that has the focus."""
    app = PromptApp(prompt or Prompt(history))
    async with app.run_test(size=(width, 24)) as pilot:
        app.prompt.focus()
        await pilot.pause()
        yield app, pilot


async def test_enter_asks_and_empties_the_prompt() -> None:
    """What was written is posted without blanks around it."""
    async with prompted() as (app, pilot):
        await pilot.press(*" why? ", "enter")
        assert app.asked == [("why?", "")]
        assert app.prompt.text == ""


async def test_nothing_is_not_asked() -> None:
    """Enter in an empty prompt does nothing."""
    async with prompted() as (app, pilot):
        await pilot.press("space", "enter")
        assert app.asked == []


@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter", "alt+enter"])
async def test_a_new_line_has_its_key(key: str) -> None:
    """Ctrl+J everywhere, Shift+Enter where the terminal tells it."""
    async with prompted() as (app, pilot):
        await pilot.press("a", key, "b", "enter")
        assert app.asked == [("a\nb", "")]


def test_alt_enter_is_a_new_line_in_terminals_that_send_two_characters_for_it() -> None:
    """Escape and a carriage return at once are no Enter, which would ask too early."""
    keys = [event.key for event in XTermParser().feed("\x1b\r") if isinstance(event, events.Key)]
    assert keys == ["ctrl+j"]


async def test_it_grows_with_the_text_up_to_eight_lines() -> None:
    """One line at first; a long question is scrolled."""
    async with prompted() as (app, pilot):
        assert app.prompt.content_size.height == 1
        await pilot.press("a", "ctrl+j", "b")
        await pilot.pause()
        assert app.prompt.content_size.height == 2
        await pilot.press(*["ctrl+j"] * 20)
        await pilot.pause()
        assert app.prompt.content_size.height == 8


async def test_the_first_letter_is_told() -> None:
    """Once for each question, so that the engine can be warmed."""
    async with prompted() as (app, pilot):
        await pilot.press("a", "b")
        assert app.begun == 1
        await pilot.press("enter", "c")
        assert app.begun == 2


async def test_up_and_down_walk_through_earlier_questions() -> None:
    """The draft waits at the end."""
    async with prompted(["first", "second"]) as (app, pilot):
        await pilot.press(*"dra", "up")
        assert app.prompt.text == "second"
        await pilot.press("up", "up")
        assert app.prompt.text == "first"
        await pilot.press("down", "down")
        assert app.prompt.text == "dra"


async def test_within_several_lines_up_is_a_line_up() -> None:
    """Only from the first line on it is an earlier question, also of a long line that is wrapped."""
    async with prompted(["oldest", "earlier"], width=30) as (app, pilot):
        await pilot.press("a", "ctrl+j", "b", "up")
        assert app.prompt.text == "a\nb"
        await pilot.press("up")
        assert app.prompt.text == "earlier"
        app.prompt.set_text("word " * 10)
        await pilot.pause()
        await pilot.press("up")
        assert app.prompt.text == "word " * 10
        await pilot.press("up")
        assert app.prompt.text == "oldest"


async def test_what_was_asked_here_is_remembered() -> None:
    """Newest first, without repeats."""
    async with prompted(["old"]) as (app, pilot):
        await pilot.press(*"new", "enter", *"old", "enter", "up")
        assert app.prompt.text == "old"
        await pilot.press("up")
        assert app.prompt.text == "new"
        await pilot.press("up")
        assert app.prompt.text == "new"


async def test_the_history_is_read_beside() -> None:
    """The prompt works before it is there, and has it once it is."""
    is_there = threading.Event()

    def read() -> Sequence[str]:
        is_there.wait()
        return ["kept"]

    async with prompted(prompt=Prompt(read_history=read)) as (app, pilot):
        await pilot.press("a", "up")
        assert app.prompt.text == "a"
        is_there.set()
        await app.workers.wait_for_complete()
        await pilot.press("up")
        assert app.prompt.text == "kept"


async def test_a_history_that_cannot_be_read_costs_nothing() -> None:
    """Nothing is recalled, everything else works."""

    def read() -> Sequence[str]:
        raise HistoryError("it is damaged")

    async with prompted(prompt=Prompt(read_history=read)) as (app, pilot):
        await app.workers.wait_for_complete()
        await pilot.press("a", "up", "enter")
        assert app.asked == [("a", "")]


async def test_reverse_search_works_as_in_a_shell() -> None:
    """Ctrl+R, some letters, Ctrl+R for an older one, Enter takes it without asking."""
    async with prompted(["rent in May", "cabin", "the rent"]) as (app, pilot):
        await pilot.press(*"dr", "ctrl+r")
        assert app.prompt.text == "(reverse search) : "
        await pilot.press(*"rent")
        assert app.prompt.text == "(reverse search) rent: the rent"
        await pilot.press("ctrl+r")
        assert app.prompt.text == "(reverse search) rent: rent in May"
        await pilot.press("backspace", *"xt")
        assert app.prompt.text == "(failed reverse search) renxt: "
        await pilot.press("backspace", "backspace", "enter")
        assert app.prompt.text == "the rent"
        assert app.asked == []
        await pilot.press("enter")
        assert app.asked == [("the rent", "")]


async def test_escape_leaves_reverse_search() -> None:
    """What was being written is there again."""
    async with prompted(["the rent"]) as (app, pilot):
        await pilot.press(*"dr", "ctrl+r", *"rent", "escape")
        assert app.prompt.text == "dr"


async def test_other_keys_go_on_in_what_was_found() -> None:
    """As in a shell: a cursor key takes the question, to edit it."""
    async with prompted(["the rent"]) as (app, pilot):
        await pilot.press("ctrl+r", *"rent", "home", "X")
        assert app.prompt.text == "Xthe rent"


async def test_a_short_paste_is_text() -> None:
    """It can be edited, and goes where the cursor is."""
    async with prompted() as (app, pilot):
        await pilot.press(*"ab", "left")
        await app.paste("two\r\nlines ", pilot)
        assert app.prompt.text == "atwo\nlines b"


async def test_control_characters_in_pastes_are_inert() -> None:
    """Sequences go, letters stay, short or long."""
    async with prompted() as (app, pilot):
        await app.paste("\x1b[2Ja\x07\u202eb\x9d0;title\x9c", pilot)
        assert app.prompt.text == "ab"
        await app.paste("\x1b[2Jx\n" * 50, pilot)
        await until(lambda: "pasted" in app.prompt.text, "it is folded")
        await pilot.press("enter")
        assert app.asked == [("ab", "x\n" * 50)]


async def test_a_long_paste_is_folded_and_given_whole() -> None:
    """A mark stands in the text for it."""
    text = "a line\n" * 320
    async with prompted() as (app, pilot):
        await pilot.press(*"see")
        await app.paste(text, pilot)
        await until(lambda: app.prompt.text == "see [pasted 320 lines] ", "it is folded")
        await pilot.press(*"why?", "enter")
        assert app.asked == [("see why?", text)]
        await pilot.press(*"next", "enter")
        assert app.asked[-1] == ("next", "")


async def test_a_paste_alone_is_no_question() -> None:
    """The prompt says what is missing."""
    async with prompted() as (app, pilot):
        await app.paste("a line\n" * 320, pilot)
        await until(lambda: "pasted" in app.prompt.text, "it is folded")
        await pilot.press("enter")
        assert app.asked == []
        assert "what you want to know" in str(app.prompt.border_subtitle)


async def test_a_mark_goes_as_a_whole() -> None:
    """Backspace behind it removes it, delete before it too, and undo brings it back."""
    async with prompted() as (app, pilot):
        await app.paste("a line\n" * 320, pilot)
        await until(lambda: "pasted" in app.prompt.text, "it is folded")
        await pilot.press("backspace", "backspace")
        assert app.prompt.text == ""
        await pilot.press("ctrl+z", "home", "delete")
        assert app.prompt.text.strip() == ""
        await pilot.press("ctrl+z", "end", "ctrl+w", "ctrl+w")
        assert "pasted" not in app.prompt.text
        assert "lines" not in app.prompt.text


async def test_the_cursor_passes_over_a_mark() -> None:
    """Nothing can be written into it."""
    async with prompted() as (app, pilot):
        await app.paste("a line\n" * 320, pilot)
        await until(lambda: "pasted" in app.prompt.text, "it is folded")
        await pilot.press("left", "left", "X", "right", "Y")
        assert app.prompt.text == "X[pasted 320 lines]Y "


async def test_a_mark_can_be_unfolded() -> None:
    """Ctrl+O puts the text itself there, to be edited."""
    text = "a line\n" * 320
    async with prompted() as (app, pilot):
        await app.paste(text, pilot)
        await until(lambda: "pasted" in app.prompt.text, "it is folded")
        await pilot.press("ctrl+o")
        assert app.prompt.text == f"{text} "


async def test_five_megabytes_stay_folded() -> None:
    """The app draws a mark, however much it stands for, and all of it is given."""
    text = "a line of some words\n" * 250_000
    async with prompted() as (app, pilot):
        await app.paste(text, pilot)
        await until(lambda: "pasted 250,000 lines" in app.prompt.text, "it is folded")
        await pilot.press("ctrl+o")
        assert "too long to show" in str(app.prompt.border_subtitle)
        await pilot.press(*"why?", "enter")
        assert app.asked == [("why?", text)]


async def test_tab_and_escape_are_left_to_the_screen() -> None:
    """Tab goes to the next widget while nothing is completed."""
    async with prompted() as (app, pilot):
        await pilot.press("a", "escape", "tab")
        assert isinstance(app.focused, Button)


def offers(name: str, typed: str) -> Sequence[Offer]:
    """Offer two folders to `in:`, and nothing else."""
    found = [Offer(value="projects/", files=12), Offer(value="prose/", files=3)] if name == "in" else []
    return [each for each in found if each.value.startswith(typed) and each.value != typed]


async def test_tab_completes_a_filter() -> None:
    """What is missing is shown behind the cursor, and Tab writes it."""
    async with prompted(prompt=Prompt(find_offers=offers)) as (app, pilot):
        await pilot.press(*"rent in:pr")
        await until(lambda: app.prompt.suggestion == "ojects/", "it is offered")
        assert "projects/ 12" in str(app.prompt.border_subtitle)
        assert "prose/ 3" in str(app.prompt.border_subtitle)
        await pilot.press("tab")
        assert app.prompt.text == "rent in:projects/"
        assert app.focused is app.prompt


async def test_down_chooses_another_completion() -> None:
    """Up and down go through the offers while there are any, not through the history."""
    async with prompted(prompt=Prompt(["earlier"], find_offers=offers)) as (app, pilot):
        await pilot.press(*"in:pr")
        await until(lambda: app.prompt.is_completing, "it is offered")
        await pilot.press("down", "right")
        assert app.prompt.text == "in:prose/"
        await pilot.press("up")
        assert app.prompt.text == "earlier"


async def test_completion_ends_where_the_filter_ends() -> None:
    """A blank, or the cursor elsewhere; Tab then goes to the next widget."""
    async with prompted(prompt=Prompt(find_offers=offers)) as (app, pilot):
        await pilot.press(*"in:pr")
        await until(lambda: app.prompt.is_completing, "it is offered")
        await pilot.press("left")
        assert not app.prompt.is_completing
        await pilot.press("end", "o")
        await until(lambda: app.prompt.is_completing, "it is offered again")
        await pilot.press("space", "tab")
        assert isinstance(app.focused, Button)


async def test_offers_that_cannot_be_had_cost_nothing() -> None:
    """The daemon may be away while somebody types."""

    def fail(_name: str, _typed: str) -> Sequence[Offer]:
        raise DaemonError("it is away")

    async with prompted(prompt=Prompt(find_offers=fail)) as (app, pilot):
        await pilot.press(*"in:pr")
        await app.workers.wait_for_complete()
        await pilot.press("enter")
        assert app.asked == [("in:pr", "")]
