"""Conversations as Markdown files."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.terminal import plain_line
from indexer.errors import UsageError

if TYPE_CHECKING:
    from assistant.history import Conversation, History

NAME_CHARS = 50
"""Of a file that is named after a conversation."""


def as_markdown(history: "History", conversations: Sequence["Conversation"]) -> str:
    """Return conversations as one Markdown document.

    Raises:
        HistoryError: If they cannot be read.
    """
    # deferred: sqlite3 takes longer to import than help takes to print.
    from assistant.history import to_markdown

    return "\n".join(to_markdown(each, history.turns(each.id)) for each in conversations)


def file_name(conversations: Sequence["Conversation"]) -> str:
    """Return what a file of these conversations may be called: after the one, or how many they are."""
    if len(conversations) != 1:
        return f"{len(conversations)}-conversations.md"
    words = re.findall(r"[^\W_]+", plain_line(conversations[0].title).casefold())
    name = ""
    for word in words:
        if len(name) + len(word) > NAME_CHARS:
            break
        name += f"-{word}" if name else word
    return f"{name or 'conversation'}.md"


def write_file(path: Path, text: str, *, replaces: bool = False) -> None:
    """Write a file that only its owner can read.

    Args:
        path: Where.
        text: What.
        replaces: Whether one that is there may be replaced.

    Raises:
        FileExistsError: If it is there already, and may not be replaced.
        UsageError: If it cannot be written.
    """
    try:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if replaces else os.O_EXCL)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {(error.strerror or 'unknown error').lower()}") from error
