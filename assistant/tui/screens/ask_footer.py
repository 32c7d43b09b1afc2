"""Which keys of the Ask screen its footer shows: those that matter where one is; pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from textual.binding import ActiveBinding, Binding

BACK = "ask.back"

Place = Literal["prompt", "answer", "sources"]
"""Where one may be on the screen."""

_SHOWN: dict[Place, frozenset[str]] = {
    "prompt": frozenset({"ask.new", "ask.sources"}),
    "answer": frozenset({BACK, "ask.copy", "ask.retry"}),
    "sources": frozenset({BACK, "ask.more", "ask.copy-path"}),
}
_SHOWN_WIDE: dict[Place, frozenset[str]] = {
    "prompt": frozenset(),
    "answer": frozenset({"ask.next-mark", "ask.copy-sources", "ask.edit-last"}),
    "sources": frozenset({"ask.sources"}),
}
"""Which keys the footer shows where one is, and which more on a wide screen."""


def shown_in_footer(
    bindings: Mapping[str, ActiveBinding], place: Place, *, is_wide: bool, is_busy: bool
) -> dict[str, ActiveBinding]:
    """Have the footer show, of the keys of the Ask screen, those that matter where one is.

    Args:
        bindings: What works, by keys.
        place: Where one is.
        is_wide: Whether there is room for more than 80 columns hold.
        is_busy: Whether an answer is on its way, which can be stopped.
    """
    shown = _SHOWN[place] | (_SHOWN_WIDE[place] if is_wide else frozenset())
    return {
        key: active._replace(binding=_as_shown(active.binding, shown, is_busy=is_busy))
        for key, active in bindings.items()
    }


def _as_shown(binding: Binding, shown: frozenset[str], *, is_busy: bool) -> Binding:
    if binding.id == BACK and is_busy:
        return replace(binding, description="Stop", show=True)
    if binding.id and binding.id.startswith("ask."):
        return replace(binding, show=binding.id in shown)
    return binding
