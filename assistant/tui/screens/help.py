"""Every key that works on a screen, made from its bindings."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from assistant.tui.keys import key_name

_REBINDING = """
The command palette (Ctrl+P) finds all of it by name. Other keys can be given under [tui] keys in the \
config file, by the names at the right."""


_KEYS_WIDTH = 17
"""Columns for the keys of one action, so that what it does has the most."""


class HelpScreen(ModalScreen[None]):
    """Lists the keys of the screen below, those of what has the focus first.

    Args:
        below: The screen whose keys are listed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1", "dismiss", "Close", id="help.close", tooltip="Go back")
    ]

    def __init__(self, below: Screen[object]) -> None:
        super().__init__()
        self._listed = list(below.active_bindings.values())

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as box:
            box.border_title = "Keys"
            box.border_subtitle = "Esc closes"
            yield Static(self._table())
            yield Static(_REBINDING, id="help-rebinding", markup=False)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(max_width=_KEYS_WIDTH)
        table.add_column(ratio=1)
        table.add_column(no_wrap=True, style="dim")
        table.expand = True
        groups: dict[str, list[ActiveBinding]] = {}
        for active in self._listed:
            if active.binding.description and not active.binding.system and active.binding.id:
                groups.setdefault(_title(active.node), []).append(active)
        for number, (title, group) in enumerate(groups.items()):
            if number:
                table.add_row("", "")
            table.add_row("", Text(title, "bold underline"))
            # what stands in the footer is used most.
            for keys, binding in sorted(_merged(group), key=lambda one: not one[1].show):
                names = ", ".join(map(key_name, keys))
                table.add_row(Text(names, "bold"), binding.tooltip or binding.description, binding.id)
        return table


def _merged(group: list[ActiveBinding]) -> list[tuple[list[str], Binding]]:
    """Put the keys of one action together."""
    found: dict[str, tuple[list[str], Binding]] = {}
    for active in group:
        found.setdefault(active.binding.action, ([], active.binding))[0].append(active.binding.key)
    return list(found.values())


def _title(node: DOMNode) -> str:
    """Return what the keys of a node are called: its own title, or its class in words."""
    if title := getattr(node, "HELP_TITLE", ""):
        return str(title)
    name = type(node).__name__.removesuffix("Screen")
    return "Everywhere" if name == "KbApp" else name
