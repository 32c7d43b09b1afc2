"""The folder picker: by typing, by going down the tree, or from suggestions.

Folders are read in threads, each once: one on a slow disk never holds up what is typed.
"""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.terminal import plain_line
from assistant.times import counted
from assistant.tui.folders import (
    Listing,
    Suggestion,
    completed,
    expanded,
    list_folders,
    matching,
    shown,
    split_typed,
)
from assistant.tui.threads import in_thread
from assistant.tui.widgets.dialogs import DIALOG_CSS, Dialog
from assistant.tui.widgets.field import Field
from assistant.tui.widgets.pointed_list import PointedList

MOST_SHOWN = 300
"""Folders that are listed at once; more are found by typing."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the list."""

    path: Path
    note: str = ""
    is_taken: bool = False
    """Whether Enter takes the folder; else it goes in."""


class PickFolder(Dialog[Path | None]):
    """Picks a folder, by typing, by going down the tree, or from suggestions; `None` for none.

    Args:
        title: What the folder is for, in a few words.
        suggest: Finds what is shown before anything is typed; may take its time, and is called in a thread.
        indexed: Folders that are marked as indexed.
        start: What stands in the field at first, as a person would type it.
        home: The person's home directory.
    """

    HELP_TITLE = "Folder"
    DEFAULT_CSS = (
        DIALOG_CSS.format(name="PickFolder")
        + """
    PickFolder OptionList {
        height: auto; max-height: 12; min-height: 3; margin-top: 1; border: none; background: $surface;
    }
    PickFolder #trouble { height: auto; color: $text-warning; }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="folder.cancel", tooltip="Pick none"),
        Binding("down", "move(1)", "Next", show=False, id="folder.down", tooltip="Next folder"),
        Binding("up", "move(-1)", "Previous", show=False, id="folder.up", tooltip="Previous one"),
        Binding("pagedown", "move(10)", show=False),
        Binding("pageup", "move(-10)", show=False),
        Binding("tab", "complete", "Complete", id="folder.complete", tooltip="Complete the name"),
        Binding("ctrl+t", "hidden", "Hidden", id="folder.hidden", tooltip="Show or leave out hidden folders"),
        Binding("ctrl+s", "take", "Take", id="folder.take", tooltip="Take the folder that is typed"),
    ]

    def __init__(
        self,
        title: str = "Index a folder",
        *,
        suggest: Callable[[], Sequence[Suggestion]] = tuple,
        indexed: Collection[Path] = (),
        start: str = "",
        home: Path | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._suggest = suggest
        self._suggested: Sequence[Suggestion] = ()
        self._indexed = frozenset(indexed)
        self._start = start
        self._home = home or Path.home()
        # as a shell has it: what is typed without a slash begins where kb was started.
        self._here = Path(os.environ.get("PWD") or self._home) if home is None else self._home
        self._is_hidden_shown = False
        self._read: dict[Path, Listing | str] = {}
        """Of each folder that was looked into, what stands there, or why that cannot be said."""

        self._real: dict[str, Path] = {}
        """What stands in the field for a folder whose name cannot be shown as it is."""

        self._shown_for: str | None = None
        """What was typed when the list was filled."""

        self._offered: list[Offer] = []
        """The lines of the list."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(plain_line(self._title))
            yield Field(self._start, placeholder="~/notes, or pick one below", select_on_focus=False)
            yield Static(id="trouble", markup=False)
            # without markup: a folder called "a[b]" must not lose its brackets.
            options = PointedList(markup=False)
            options.can_focus = False
            yield options
            yield Static(
                "↑↓ choose · Enter goes in, or takes it · Tab completes · Esc cancels\n"
                "^s takes the folder that is typed · ^t shows hidden ones",
                classes="keys",
                markup=False,
            )

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._ask_for_suggestions()
        self._show()

    @work(group="suggestions")
    async def _ask_for_suggestions(self) -> None:
        self._suggested = await in_thread(self._suggest)
        if self._suggested and not self.is_answered and not self._typed:
            self._show()

    # -- what is typed

    @property
    def _typed(self) -> str:
        return self.query_one(Input).value

    def _folder_typed(self) -> Path:
        """Return the folder that the field names as a whole."""
        typed = self._typed.strip() or "."
        real = self._real.get(typed.rstrip("/") + "/")
        return real or expanded(typed, home=self._home, here=self._here)

    def _split(self) -> tuple[Path, str]:
        """Return the folder that is listed, and what is typed behind it."""
        above, slash, begun = self._typed.rpartition("/")
        if real := self._real.get(above + slash):
            return real, begun
        return split_typed(self._typed, home=self._home, here=self._here)

    @on(Input.Changed)
    def _keep_up(self) -> None:
        """List what fits what is typed, unless it is listed already."""
        if self._typed != self._shown_for:
            self._show()

    # -- what is listed

    def _show(self) -> None:
        """List what fits what is typed; a folder that was not read yet is read first."""
        self._shown_for = self._typed
        if not self._typed:
            self._offer([Offer(each.path, each.note, is_taken=True) for each in self._suggested])
            if not self._suggested:
                self._look_into(self._home)
            return
        directory, begun = self._split()
        said = self._read.get(directory)
        if said is None:
            # what was listed stands for another folder.
            self._offer([])
            self._look_into(directory)
        elif isinstance(said, str):
            self._offer([], said)
        else:
            self._list(directory, begun, said)

    def _list(self, directory: Path, begun: str, listing: Listing) -> None:
        names = matching(listing.names, begun, is_hidden_shown=self._is_hidden_shown)
        lines = [] if begun else [Offer(directory, is_taken=True)]
        lines += [Offer(directory / name) for name in names[:MOST_SHOWN]]
        said = ""
        if (more := len(names) - MOST_SHOWN) > 0:
            said = f"{counted(more, 'more folder')}: type to narrow them down"
        if listing.is_cut:
            said = "there is too much in it to list: type the name"
        if begun and not names:
            said = f"no folder in {shown(directory, home=self._home)} is called so"
        self._offer(lines, said)

    def _offer(self, offered: Sequence[Offer], said: str = "") -> None:
        """Fill the list, and say what keeps other folders from being listed."""
        options = self.query_one(OptionList)
        self._offered = list(offered)
        options.clear_options()
        options.add_options(Option(self._label(each)) for each in offered)
        options.highlighted = 0 if offered else None
        trouble = self.query_one("#trouble", Static)
        trouble.update(plain_line(said))
        trouble.display = bool(said)

    def _label(self, offer: Offer) -> Content:
        if offer.is_taken:
            name = plain_line(shown(offer.path, home=self._home))
            label = Content.assemble("✓ take ", (name, "bold"))
        else:
            label = Content(f"  {plain_line(offer.path.name)}/")
        note = "indexed already" if offer.path in self._indexed else offer.note
        return Content.assemble(label, (f"  {note}", "dim")) if note else label

    @work(exclusive=True, group="folders")
    async def _look_into(self, directory: Path) -> None:
        said: Listing | str
        try:
            said = await in_thread(list_folders, directory)
        except (OSError, ValueError) as error:
            said = _why_not(directory, error, home=self._home)
        self._read[directory] = said
        if self.is_answered:
            return
        if self._typed:
            if self._split()[0] == directory:
                self._show()
        elif not self._suggested and isinstance(said, Listing):
            self._list(directory, "", said)

    # -- keys

    def action_move(self, lines: int) -> None:
        self._keep_up()
        options = self.query_one(OptionList)
        if options.option_count:
            options.highlighted = min(max((options.highlighted or 0) + lines, 0), options.option_count - 1)

    def action_complete(self) -> None:
        """Go on as far as it is clear, else into what is highlighted."""
        self._keep_up()
        if not self._typed:
            self._go_into_highlighted()
            return
        directory, begun = self._split()
        said = self._read.get(directory)
        if not isinstance(said, Listing):
            return
        names = matching(said.names, begun, is_hidden_shown=self._is_hidden_shown)
        further = completed(names, begun) if begun else begun
        if further == begun:
            self._go_into_highlighted()
        elif further.endswith("/"):
            self._go_into(directory / further[:-1])
        else:
            self._set_typed(self._typed[: len(self._typed) - len(begun)] + further)

    def action_hidden(self) -> None:
        self._is_hidden_shown = not self._is_hidden_shown
        self._show()

    def action_take(self) -> None:
        self._take(self._folder_typed())

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._keep_up()
        place = self.query_one(OptionList).highlighted
        if place is not None and place < len(self._offered):
            self._choose(place)
        else:
            self._take(self._folder_typed())

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._choose(event.option_index)
        self.query_one(Input).focus()

    def _choose(self, place: int) -> None:
        offer = self._offered[place]
        if offer.is_taken:
            self._take(offer.path)
        else:
            self._go_into(offer.path)

    def _go_into_highlighted(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None and not (self._typed and self._offered[place].is_taken):
            self._go_into(self._offered[place].path)

    def _go_into(self, folder: Path) -> None:
        typed = shown(folder, home=self._home).rstrip("/") + "/"
        if plain_line(typed) != typed:
            typed = plain_line(typed)
            self._real[typed] = folder
        self._set_typed(typed)

    def _set_typed(self, typed: str) -> None:
        field = self.query_one(Input)
        field.value = typed
        field.cursor_position = len(typed)

    @work(exclusive=True, group="take")
    async def _take(self, folder: Path) -> None:
        if await in_thread(os.path.isdir, folder):
            self.dismiss(folder)
        elif not self.is_answered:
            self._offer([], f"{shown(folder, home=self._home)} is no folder that can be reached")


def _why_not(directory: Path, error: OSError | ValueError, *, home: Path) -> str:
    name = shown(directory, home=home)
    if isinstance(error, FileNotFoundError):
        return f"there is no folder {name}"
    if isinstance(error, NotADirectoryError):
        return f"{name} is no folder"
    reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
    return f"{name} cannot be read: {reason}"
