"""Where questions are typed: several lines, what was asked before, pastes of any length."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, cast

from rich.style import Style
from rich.text import Text
from textual import events, on, work
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.keys import Keys
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult, Selection

from assistant.terminal import plain
from assistant.tui.pasting import Pastes, is_long
from assistant.tui.recall import Recall, ReverseSearch
from assistant.tui.threads import in_thread
from assistant.tui.widgets.filter_area import FilterArea, FindOffers
from indexer.errors import KbError

LONGEST_UNFOLDED_CHARS = 100_000
"""A longer paste stays folded: laying it out anew at every key would be felt."""

# what Alt+Enter sends in most terminals, which Textual would take for Escape and Enter.
cast("dict[str, tuple[Keys, ...]]", ANSI_SEQUENCES_KEYS).setdefault("\x1b\r", (Keys.ControlJ,))

PLACEHOLDER = "Ask your files a question"


class Prompt(FilterArea):
    """A question that is being written; Enter posts `Prompt.Submitted`.

    Args:
        history: What was asked before, the oldest first.
        read_history: Reads more of that, from before; called in a thread once the prompt is there.
        find_offers: Completes filters; called in a thread.
        id: As for every widget.
    """

    HELP_TITLE = "Prompt"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "submit",
            "Ask",
            priority=True,
            id="prompt.submit",
            tooltip="Ask what is written",
        ),
        Binding(
            # terminals that tell Shift+Enter from Enter are few; every one knows Ctrl+J.
            "ctrl+j,shift+enter,alt+enter",
            "newline",
            "New line",
            priority=True,
            id="prompt.newline",
            tooltip="Begin a new line in the question",
        ),
        Binding("up", "older", "Earlier question", show=False, id="prompt.older", tooltip="Earlier question"),
        Binding("down", "newer", "Later question", show=False, id="prompt.newer", tooltip="Later question"),
        Binding(
            "ctrl+r",
            "reverse_search",
            "Find earlier",
            show=False,
            id="prompt.reverse-search",
            tooltip="Find an earlier question by its words; again for an older one",
        ),
        Binding(
            "ctrl+o",
            "unfold",
            "Unfold paste",
            show=False,
            id="prompt.unfold",
            tooltip="Show the text of a folded paste, to change it",
        ),
        Binding("escape", "leave_search", "Leave search", show=False, id="prompt.leave-search"),
    ]
    DEFAULT_CSS = """
    Prompt { height: auto; min-height: 3; max-height: 10; }
    """

    @dataclass
    class Submitted(Message):
        """Somebody asks."""

        text: str
        """What was typed."""

        extra: str
        """The long texts that were pasted into it; empty for none."""

    class LeftEmpty(Message):
        """Enter was pressed, and nothing had been typed."""

    class Begun(Message):
        """The first letter stands in what was an empty prompt."""

    def __init__(
        self,
        history: Sequence[str] = (),
        *,
        read_history: Callable[[], Sequence[str]] | None = None,
        find_offers: FindOffers | None = None,
        id: str | None = None,  # noqa: A002 - as Textual names it
    ) -> None:
        # before: what the text area does when it is made asks for them.
        self._pastes = Pastes()
        self._reverse: ReverseSearch | None = None
        super().__init__(find_offers=find_offers, placeholder=PLACEHOLDER, id=id)
        self._recall = Recall(history)
        self._read_history = read_history
        self._was_empty = True

    def on_mount(self) -> None:
        if self._read_history is not None:
            self._remember(self._read_history)

    @work(exclusive=True, group="history")
    async def _remember(self, read: Callable[[], Sequence[str]]) -> None:
        try:
            self._recall.add_older(await in_thread(read))
        except KbError as error:
            # the prompt works without.
            self.log.warning(error.message)

    # -- what is written

    def set_text(self, text: str) -> None:
        """Write something in place of what is there, and go behind it."""
        self._end_search()
        # nobody has begun to type it.
        self._was_empty = not text
        self.load_text(plain(text))
        self.move_cursor(self.document.end)

    def set_question(self, text: str, extra: str) -> None:
        """Write a question again, with what was pasted into it; a draft is found where earlier questions are.

        Args:
            text: What was typed.
            extra: The long texts that were pasted; may be empty.
        """
        draft, _ = self._pastes.part(self.text)
        if draft and draft != text:
            self.add_history(draft)
        self._pastes.clear()
        text = plain(text)
        self.set_text(f"{text} {self._pastes.fold(plain(extra))}" if extra else text)
        # behind what was typed, before what was pasted.
        *above, last = text.split("\n")
        self.move_cursor((len(above), len(last)))

    def add_history(self, text: str) -> None:
        """Remember a question that was asked."""
        self._recall.add(text)

    def action_submit(self) -> None:
        """Post the question, and empty the prompt; in a reverse search, take what it found."""
        if self._reverse is not None:
            self._leave_search()
            return
        text, extra = self._pastes.part(self.text)
        if not text:
            self.border_subtitle = "type what you want to know of the pasted text" if extra else ""
            if not extra:
                self.post_message(self.LeftEmpty())
            return
        self.add_history(text)
        self.set_text("")
        self._pastes.clear()
        self.post_message(self.Submitted(text, extra))

    def action_newline(self) -> None:
        """Begin a new line."""
        self._leave_search()
        self._write("\n")

    def _write(self, text: str) -> None:
        """Put text in place of the selection, as typing does."""
        result = self.replace(text, *self.selection, maintain_selection_offset=False)
        self.move_cursor(result.end_location)

    @on(TextArea.Changed)
    def _note_change(self) -> None:
        if not self.is_completing:
            self.border_subtitle = ""
        is_empty = not self.text
        if self._was_empty and not is_empty:
            self.post_message(self.Begun())
        self._was_empty = is_empty

    def update_suggestion(self) -> None:
        """Complete filters, but not in what a reverse search shows."""
        if self._reverse is None:
            super().update_suggestion()

    # -- what was asked before

    def action_older(self) -> None:
        """Choose another offer; else go up a line, from the first to the question before."""
        self._leave_search()
        if self.is_completing:
            self.choose(-1)
        elif not self.navigator.is_first_wrapped_line(self.cursor_location):
            self.action_cursor_up()
        elif (text := self._recall.older(self.text)) is not None:
            self.set_text(text)

    def action_newer(self) -> None:
        """Choose another offer; else go down a line, from the last to the question after, or the draft."""
        self._leave_search()
        if self.is_completing:
            self.choose(1)
        elif not self.navigator.is_last_wrapped_line(self.cursor_location):
            self.action_cursor_down()
        elif (text := self._recall.newer(self.text)) is not None:
            self.set_text(text)

    def action_reverse_search(self) -> None:
        """Begin a reverse search, or go on to an older question."""
        if self._reverse is None:
            self._reverse = ReverseSearch(self._recall.entries, self.text)
            self.refresh_bindings()
        elif not self._reverse.older():
            self.app.bell()
        self._show_search()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # the key is the screen's where there is no reverse search.
        if action == "leave_search":
            return self._reverse is not None
        return super().check_action(action, parameters)

    def action_leave_search(self) -> None:
        """Leave a reverse search with what was written before it."""
        if self._reverse is not None:
            self.set_text(self._reverse.draft)

    def _end_search(self) -> None:
        if self._reverse is not None:
            self._reverse = None
            # Esc is the screen's again.
            self.refresh_bindings()

    def _leave_search(self) -> None:
        """End a reverse search, and take what it found."""
        if self._reverse is not None:
            self.set_text(self._reverse.draft if self._reverse.found is None else self._reverse.found)

    def _show_search(self) -> None:
        assert self._reverse is not None
        line = self._reverse.line()
        self.load_text(line)
        # behind the words that are looked for, as in a shell.
        self.move_cursor((0, line.index(")") + 2 + len(self._reverse.needle)))

    def on_key(self, event: events.Key) -> None:
        if self._reverse is None:
            return
        needle = self._reverse.needle
        if event.is_printable and event.character:
            needle += event.character
        elif event.key in {"backspace", "ctrl+h"}:
            needle = needle[:-1]
        else:
            active = self.screen.active_bindings.get(event.key)
            if active is None or active.binding.action not in {"reverse_search", "leave_search"}:
                # any other key does what it does, in what was found.
                self._leave_search()
            return
        event.stop()
        event.prevent_default()
        self._reverse.look_for(needle)
        self._show_search()

    # -- pastes

    async def write_paste(self, text: str) -> None:
        """Write a text as it can be shown; a long one is folded."""
        self._leave_search()
        # in a thread: megabytes take a while.
        text = await in_thread(plain, text) if is_long(text) else plain(text)
        if is_long(text):
            mark = self._pastes.fold(text)
            before = self.document.get_line(self.selection.start[0])[: self.selection.start[1]]
            text = f"{'' if not before or before[-1].isspace() else ' '}{mark} "
        self._write(text)

    def action_unfold(self) -> None:
        """Show the text of the folded paste at the cursor, or of the last one."""
        row, column = self.cursor_location
        places = [
            (line, *span)
            for line in range(self.document.line_count)
            for span in self._pastes.spans(self.document.get_line(line))
        ]
        if not places:
            raise SkipAction
        at_cursor = [place for place in places if place[0] == row and place[1] <= column <= place[2] + 1]
        line, start, end = (at_cursor or places)[-1]
        text = self._pastes[self.document.get_line(line)[start:end]]
        if len(text) > LONGEST_UNFOLDED_CHARS:
            self.border_subtitle = "too long to show here; it is asked as it is"
            return
        result = self.replace(text, (line, start), (line, end), maintain_selection_offset=False)
        self.move_cursor(result.end_location)

    def edit(self, edit: Edit) -> EditResult:
        """Change the text; a mark of a paste goes as a whole, or stays."""
        (top, left), (bottom, right) = edit.top, edit.bottom
        if self._reverse is None and (top, left) != (bottom, right):
            starts = [start for start, end in self._spans(top) if start < left < end]
            ends = [end for start, end in self._spans(bottom) if start < right < end]
            edit = replace(
                edit, from_location=(top, min([left, *starts])), to_location=(bottom, max([right, *ends]))
            )
        return super().edit(edit)

    def validate_selection(self, selection: Selection) -> Selection:
        """Keep the cursor out of the marks of pastes: what goes into one comes out at its other side."""
        start, end = selection
        if self._reverse is not None:
            return selection
        row, column = end
        for left, right in self._spans(row):
            if left < column < right:
                was_row, was_column = self.selection.end
                comes_from_left = (was_row, was_column) <= (row, left)
                outside = (row, right if comes_from_left else left)
                return Selection(outside if start == end else start, outside)
        return selection

    def _spans(self, row: int) -> Sequence[tuple[int, int]]:
        return self._pastes.spans(self.document.get_line(row)) if row < self.document.line_count else ()

    def get_line(self, line_index: int) -> Text:
        """Return a line as it is drawn: the marks of pastes stand out."""
        text = super().get_line(line_index)
        for start, end in self._spans(line_index):
            text.stylize(Style(bold=True, reverse=True), start, end)
        return text
