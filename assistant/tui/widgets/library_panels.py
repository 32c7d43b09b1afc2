"""What stands around the list of files: folders, the bar of states, the work at hand, a file's story."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.terminal import plain_line
from assistant.times import counted
from assistant.tui.folders import shown
from assistant.tui.library_words import SIGNS, STATES, Work, bar, root_state
from assistant.tui.widgets.pointed_list import PointedList
from indexer.types import FileStatus


class RootList(PointedList):
    """The folders, after a line for all of them together; posts `Picked` for the one that is looked at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
    ]
    DEFAULT_CSS = """
    RootList {
        height: auto; min-height: 3; max-height: 8; border: round $panel; border-title-color: $foreground;
        background: $background;
        & > .option-list--option { padding: 0 1 0 2; }
        &:focus { border: heavy $primary; background-tint: $foreground 0%; }
    }
    """

    @dataclass
    class Picked(Message):
        """Another folder is looked at; `None` for all."""

        root: Path | None

    def __init__(self) -> None:
        # without markup: a folder called "a[b]" must not lose its brackets.
        super().__init__(markup=False)
        self.border_title = "Folders"
        self._roots: list[Path] = []
        self._labels: list[Content] = []

    @property
    def picked(self) -> Path | None:
        """The folder that is looked at; `None` for all."""
        place = self.highlighted or 0
        return self._roots[place - 1] if 0 < place <= len(self._roots) else None

    def show(self, roots: Sequence[Mapping[str, Any]], *, home: Path) -> None:
        """Draw the folders; the same one stays picked.

        Args:
            roots: As the daemon tells of them.
            home: Written as `~`.
        """
        paths = [Path(root["path"]) for root in roots]
        names = [plain_line(shown(path, home=home)) for path in paths]
        width = min(max(map(len, names), default=0), 48)
        labels = [
            Content.assemble(
                (f"{name:<{width}}", "bold"),
                f"  {counted(root.get('files', 0), 'file'):>12}  ",
                (root_state(root), "dim"),
            )
            for name, root in zip(names, roots, strict=True)
        ]
        total = counted(sum(root.get("files", 0) for root in roots), "file")
        labels.insert(0, Content(f"{'all folders':<{width}}  {total:>12}") if roots else Content("none yet"))
        if labels == self._labels:
            return
        picked = self.picked
        self._roots, self._labels = paths, labels
        with self.prevent(OptionList.OptionHighlighted):
            self.clear_options()
            self.add_options(map(Option, labels))
            self.highlighted = paths.index(picked) + 1 if picked in paths else 0
        if picked is not None and picked not in paths:
            self.post_message(self.Picked(None))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self.post_message(self.Picked(self.picked))


class StateBar(Static):
    """The states of files with how many are in each; one of them is listed."""

    @dataclass
    class Picked(Message):
        """A state was clicked."""

        place: int
        """Its place in `STATES`."""

    DEFAULT_CSS = """
    StateBar { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def show(self, counts: Mapping[str, int], listed: FileStatus | None) -> None:
        """Draw the bar.

        Args:
            counts: Files by the name of their state.
            listed: The state that is listed; `None` for all.
        """
        parts = []
        for number, state in enumerate(STATES):
            # what waits may be indexed as it was before, and count there.
            whole = sum(counts.get(each, 0) for each in counts if each != FileStatus.PENDING.value)
            count = whole if state is None else counts.get(state.value, 0)
            name = "all" if state is None else f"{SIGNS[state]} {state.value}"
            label = Content.from_markup(f"[@click=pick({number})] {name} {count:,} [/]")
            is_dim = state is not None and not count
            parts.append(
                label.stylize("bold reverse")
                if state == listed
                else label.stylize("dim")
                if is_dim
                else label
            )
        self.update(Content("").join(parts))

    def action_pick(self, place: int) -> None:
        self.post_message(self.Picked(place))


class WorkPanel(Vertical):
    """What the indexer is at, with a bar; hidden while there is nothing to say."""

    DEFAULT_CSS = """
    WorkPanel { height: auto; padding: 0 1; display: none; }
    WorkPanel.-busy { display: block; }
    WorkPanel Static { width: 1fr; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    WorkPanel #work-bar { color: $primary; }
    WorkPanel #work-detail { color: $text-muted; }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="work-line", markup=False)
        yield Static(id="work-bar", markup=False)
        yield Static(id="work-detail", markup=False)

    def show(self, work: Work | None) -> None:
        """Draw it."""
        self.set_class(work is not None, "-busy")
        if work is None:
            return
        self.query_one("#work-line", Static).update(work.line)
        line = self.query_one("#work-bar", Static)
        line.display = work.share is not None
        if work.share is not None:
            line.update(f"{bar(work.share, max(10, self.size.width - 8))} {int(work.share * 100):3d}%")
        detail = self.query_one("#work-detail", Static)
        detail.display = bool(work.detail)
        detail.update(work.detail)


class StoryPane(VerticalScroll):
    """What is known of one file or folder, and why it is so."""

    DEFAULT_CSS = """
    StoryPane {
        width: 44; border: round $panel; border-title-color: $foreground; padding: 0 1;
        background: $background;
        &:focus { border: heavy $primary; }
    }
    StoryPane Static { width: 1fr; height: auto; }
    """

    def compose(self) -> ComposeResult:
        self.border_title = "Why"
        yield Static(id="story")

    def show(self, rows: Sequence[tuple[str, str]], more: str = "") -> None:
        """Draw facts, each with what it is about, and a sentence below."""
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for label, text in rows:
            table.add_row(Text(plain_line(label), "dim"), Text(plain_line(text)))
        if more:
            table.add_row("", Text(more))
        self.query_one("#story", Static).update(table)
        self.scroll_home(animate=False)
