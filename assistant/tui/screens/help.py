"""Every key that works on a screen, made from its bindings."""

from itertools import groupby
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Static


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

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        shown = [
            active
            for active in self._listed
            if active.binding.description and (active.binding.tooltip or not active.binding.system)
        ]
        for number, (node, group) in enumerate(groupby(shown, key=lambda active: active.node)):
            if number:
                table.add_row("", "")
            table.add_row("", Text(_title(node), "bold"))
            for keys, active in _merged(list(group)):
                shown_keys = ", ".join(self.app.get_key_display(key) for key in keys)
                table.add_row(Text(shown_keys, "bold"), active.binding.tooltip or active.binding.description)
        return table


def _merged(group: list[ActiveBinding]) -> list[tuple[list[Binding], ActiveBinding]]:
    """Put the keys of one action together."""
    found: dict[str, tuple[list[Binding], ActiveBinding]] = {}
    for active in group:
        found.setdefault(active.binding.action, ([], active))[0].append(active.binding)
    return list(found.values())


def _title(node: DOMNode) -> str:
    """Return what the keys of a node are called: its own title, or its class in words."""
    if title := getattr(node, "HELP_TITLE", ""):
        return str(title)
    name = type(node).__name__.removesuffix("Screen")
    return "Everywhere" if name == "KbApp" else name
