"""Changing one key of the config file, and nothing else in it; pure.

The file belongs to the person: comments, order and line ends stay. Every edit
is proved by reading the new text and comparing it with what it should say.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

_VALUE = r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'"


def with_value(text: str, section: str, key: str, value: str) -> str | None:
    """Return a config file that says something else under one key.

    Args:
        text: A valid TOML file; may be empty.
        section: A table at the top level, which need not exist.
        key: A key in it, which need not exist.
        value: Any text.

    Returns:
        `None` if the file is written in a way in which the key cannot be changed by itself.
    """
    wanted = tomllib.loads(text)
    table = wanted.setdefault(section, {})
    if not isinstance(table, dict):
        return None
    table[key] = value
    for candidate in _candidates(text, section, key, json.dumps(value, ensure_ascii=False)):
        if _says(candidate, wanted):
            return candidate
    return None


def _candidates(text: str, section: str, key: str, written: str) -> Iterator[str]:
    """Give edits of the text; which of them is right shows when it is read."""
    written = written.replace("\x7f", "\\u007f")
    for match in re.finditer(
        rf"^(?P<head>[ \t]*(?:{section}[ \t]*\.[ \t]*)?{key}[ \t]*=[ \t]*)(?:{_VALUE})", text, re.MULTILINE
    ):
        yield text[: match.end("head")] + written + text[match.end() :]
    newline = "\r\n" if "\r\n" in text else "\n"
    for match in re.finditer(rf"^[ \t]*\[[ \t]*{section}[ \t]*\][^\n]*(?:\n|\Z)", text, re.MULTILINE):
        line_end = "" if match[0].endswith("\n") else newline
        yield f"{text[: match.end()]}{line_end}{key} = {written}{newline}{text[match.end() :]}"
    gap = "" if not text else newline if text.endswith("\n") else newline * 2
    yield f"{text}{gap}[{section}]{newline}{key} = {written}{newline}"


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False
