"""Dialogs: a question with two answers, one of a few things, and a line of text."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static

from assistant.terminal import plain, plain_line
from assistant.tui.widgets.field import Field
from assistant.tui.widgets.pointed_list import PointedList

T = TypeVar("T")

DIALOG_CSS = """
{name} {{ align: center middle; }}
{name} .dialog {{
    width: 76; max-width: 96%; height: auto; max-height: 96%;
    border: round $primary; background: $surface; padding: 1 2;
}}
{name} .said {{ width: 1fr; height: auto; }}
{name} .keys {{ width: 1fr; height: auto; color: $text-muted; margin-top: 1; }}
{name} Input {{ margin-top: 1; border: round $panel; background: $surface; }}
{name} Input:focus {{ border: heavy $primary; }}
{name} Horizontal {{ height: auto; align-horizontal: right; margin-top: 1; }}
{name} Button {{ margin-left: 2; }}
"""
"""What dialogs look like; `name` is the class of one."""


class Dialog(ModalScreen[T]):
    """Asks, and is answered once: of keys that come together only the first answers it."""

    is_answered = False
    """Whether it was answered; it is gone then, or about to go."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Give the answer, and go."""
        if self.is_answered or not self.is_current:
            return AwaitComplete()
        self.is_answered = True
        return super().dismiss(result)


class Confirm(Dialog[bool]):
    """Asks before something is done that cannot be taken back; the harmless answer has the focus.

    Args:
        title: What is asked, in a few words.
        text: What would be lost.
        yes: What the answer that does it is called.
        no: What the harmless answer is called.
    """

    HELP_TITLE = "Question"
    DEFAULT_CSS = DIALOG_CSS.format(name="Confirm")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes", tooltip="Do it"),
        Binding("n,escape", "answer(False)", "No", id="confirm.no", tooltip="Leave everything as it is"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, text: str, *, yes: str = "Yes", no: str = "Cancel") -> None:
        super().__init__()
        self._title, self._text, self._yes, self._no = title, text, yes, no

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(plain_line(self._title))
            yield Static(plain(self._text), classes="said", markup=False)
            with Horizontal():
                yield Button(Content(f"{self._no} (n)"), id="no")
                yield Button(Content(f"{self._yes} (y)"), id="yes", variant="error")

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class Choose(Dialog[int | None]):
    """Asks for one of a few things; returns its place, from 0, or `None`.

    Args:
        title: What is asked, in a few words.
        choices: What can be taken, the likeliest first.
    """

    HELP_TITLE = "Choice"
    DEFAULT_CSS = (
        DIALOG_CSS.format(name="Choose")
        + """
    Choose OptionList { height: auto; max-height: 16; background: $surface; }
    Choose .option-list--option { padding: 0 1 0 2; }
    Choose OptionList, Choose OptionList:focus { border: none; background-tint: $foreground 0%; }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="choose.cancel", tooltip="Take none"),
    ]

    def __init__(self, title: str, choices: Sequence[str]) -> None:
        super().__init__()
        self._title, self._choices = title, choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(plain_line(self._title))
            yield PointedList(
                *(f"{number}  {plain_line(name)}" for number, name in enumerate(self._choices, start=1)),
                markup=False,
            )
            yield Static("Enter or its number takes one · Esc cancels", classes="keys", markup=False)

    def on_key(self, event: events.Key) -> None:
        if event.character and event.character.isdecimal() and 0 < int(event.character) <= len(self._choices):
            event.stop()
            self.dismiss(int(event.character) - 1)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)


class AskText(Dialog[str | None]):
    """Asks for one line of text; what comes back is stripped, and `None` where nothing is to be done.

    Args:
        title: What is asked, in a few words.
        text: What stands there at first.
        note: What should be known; may be empty.
        placeholder: Shown where nothing is typed.
        is_empty_allowed: Whether Enter takes nothing for an answer as well.
    """

    HELP_TITLE = "Line of text"
    DEFAULT_CSS = DIALOG_CSS.format(name="AskText")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="text.cancel", tooltip="Leave everything as it is"),
    ]

    def __init__(
        self,
        title: str,
        *,
        text: str = "",
        note: str = "",
        placeholder: str = "",
        is_empty_allowed: bool = False,
    ) -> None:
        super().__init__()
        self._title, self._text, self._note = title, text, note
        self._placeholder = placeholder
        self._is_empty_allowed = is_empty_allowed

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(plain_line(self._title))
            if self._note:
                yield Static(plain(self._note), classes="said", markup=False)
            yield Field(plain_line(self._text), placeholder=plain_line(self._placeholder))
            yield Static("Enter takes it · Esc cancels", classes="keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if text or self._is_empty_allowed:
            self.dismiss(text)
