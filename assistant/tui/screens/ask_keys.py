"""The keys of the Ask screen, and its modes; letters work where no text is being written."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from textual.binding import ActiveBinding, Binding, BindingType

EMPTY = "Ask anything that your files may say. Answers name the places that say so."

MODES = {
    "private": "PRIVATE: nothing of this conversation is kept",
    "deep": "deep: searches again for what is missing",
    "strict": "strict: leaves out what the passages do not say",
    "anything": "anything: answers what your files do not",
}
"""What is said while a mode is on."""

KEYS: list[BindingType] = [
    Binding("escape", "back", "Back", id="ask.back", tooltip="Stop the answer; else go back to the prompt"),
    Binding("ctrl+n", "new", "New", id="ask.new", tooltip="Begin a new conversation"),
    Binding(
        "ctrl+g", "again", "Ask again", id="ask.again", show=False, tooltip="Ask the last question again"
    ),
    Binding("ctrl+l", "edit", "Edit last", id="ask.edit", show=False, tooltip="Change the last question"),
    Binding("ctrl+s", "sources", "Sources", id="ask.sources", tooltip="Go to the sources, and back"),
    Binding(
        "ctrl+right_square_bracket,right_square_bracket",
        "move(1)",
        "Next mark",
        id="ask.next-mark",
        show=False,
        tooltip="Go to the next mark or link of the answer",
    ),
    Binding(
        "left_square_bracket",
        "move(-1)",
        "Previous mark",
        id="ask.previous-mark",
        show=False,
        tooltip="Go to the mark or link before",
    ),
    Binding(
        "ctrl+t",
        "thoughts",
        "Thoughts",
        id="ask.thoughts",
        show=False,
        tooltip="Show or fold the thoughts",
    ),
    Binding("c", "copy_answer", "Copy answer", id="ask.copy", show=False, tooltip="Copy the answer"),
    Binding("k", "copy_code", "Copy code", id="ask.copy-code", show=False, tooltip="Copy the code in view"),
    Binding(
        "s",
        "copy_with_sources",
        "Copy with sources",
        id="ask.copy-sources",
        show=False,
        tooltip="Copy the answer as Markdown, with files and lines",
    ),
    Binding("r", "again", "Ask again", id="ask.retry", show=False, tooltip="Ask the last question again"),
    Binding("e", "edit", "Edit last", id="ask.edit-last", show=False, tooltip="Change the last question"),
    Binding(
        "o", "more", "More context", id="ask.more", show=False, tooltip="Show more of what stands around"
    ),
    Binding(
        "y",
        "copy_path",
        "Copy path",
        id="ask.copy-path",
        show=False,
        tooltip="Copy the path of the source",
    ),
    Binding(
        "f7",
        "turn('private')",
        "Private",
        id="ask.private",
        show=False,
        tooltip="Keep nothing, or keep again",
    ),
    Binding("f8", "turn('deep')", "Deep", id="ask.deep", show=False, tooltip="Let the model search again"),
    Binding(
        "f9",
        "turn('strict')",
        "Strict",
        id="ask.strict",
        show=False,
        tooltip="Leave out unsupported sentences",
    ),
    Binding(
        "f12",
        "turn('anything')",
        "Anything",
        id="ask.anything",
        show=False,
        tooltip="Let the model answer what your files do not",
    ),
    Binding(
        "pageup", "page(-1)", "Page up", id="ask.page-up", show=False, priority=True, tooltip="Scroll up"
    ),
    Binding(
        "pagedown",
        "page(1)",
        "Page down",
        id="ask.page-down",
        show=False,
        priority=True,
        tooltip="Scroll down",
    ),
]

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
