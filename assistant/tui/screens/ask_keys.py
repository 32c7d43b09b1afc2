"""The keys of the Ask screen, and its modes; letters work where no text is being written."""

from textual.binding import Binding, BindingType

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
    Binding("ctrl+g", "again", "Ask again", id="ask.again", tooltip="Ask the last question again"),
    Binding("ctrl+l", "edit", "Edit last", id="ask.edit", tooltip="Change the last question"),
    Binding("ctrl+s", "sources", "Sources", id="ask.sources", tooltip="Go to the sources, and back"),
    Binding(
        "ctrl+right_square_bracket,right_square_bracket",
        "move(1)",
        "Next mark",
        id="ask.next-mark",
        tooltip="Go to the next mark or link of the answer",
    ),
    Binding(
        "left_square_bracket",
        "move(-1)",
        "Previous mark",
        id="ask.previous-mark",
        tooltip="Go to the mark or link before",
    ),
    Binding(
        "ctrl+t",
        "thoughts",
        "Thoughts",
        id="ask.thoughts",
        tooltip="Show or fold the thoughts",
    ),
    Binding("c", "copy_answer", "Copy answer", id="ask.copy", tooltip="Copy the answer"),
    Binding("k", "copy_code", "Copy code", id="ask.copy-code", tooltip="Copy the code in view"),
    Binding(
        "s",
        "copy_with_sources",
        "Copy with sources",
        id="ask.copy-sources",
        tooltip="Copy the answer as Markdown, with files and lines",
    ),
    Binding("r", "again", "Ask again", id="ask.retry", tooltip="Ask the last question again"),
    Binding("e", "edit", "Edit last", id="ask.edit-last", tooltip="Change the last question"),
    Binding("o", "more", "More context", id="ask.more", tooltip="Show more of what stands around"),
    Binding(
        "y",
        "copy_path",
        "Copy path",
        id="ask.copy-path",
        tooltip="Copy the path of the source",
    ),
    Binding(
        "f7",
        "turn('private')",
        "Private",
        id="ask.private",
        tooltip="Keep nothing, or keep again",
    ),
    Binding("f8", "turn('deep')", "Deep", id="ask.deep", tooltip="Let the model search again"),
    Binding(
        "f9",
        "turn('strict')",
        "Strict",
        id="ask.strict",
        tooltip="Leave out unsupported sentences",
    ),
    Binding(
        "f12",
        "turn('anything')",
        "Anything",
        id="ask.anything",
        tooltip="Let the model answer what your files do not",
    ),
    Binding("pageup", "page(-1)", "Page up", id="ask.page-up", priority=True, tooltip="Scroll up"),
    Binding(
        "pagedown",
        "page(1)",
        "Page down",
        id="ask.page-down",
        priority=True,
        tooltip="Scroll down",
    ),
]
