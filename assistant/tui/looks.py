"""How the app looks and which keys it takes, read before anything else is known; pure.

The whole config is read, and checked, after the first paint; until then a file
that says nothing useful counts as one that says nothing.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.terminal import plain_line


@dataclass(frozen=True, slots=True)
class Looks:
    """What of the config the first paint needs."""

    theme: str = ""
    """As it is written; empty for the default."""

    keys: dict[str, str] = field(default_factory=dict)
    """Keys by the id of a binding."""


def read_looks(config_file: Path) -> Looks:
    """Read `[tui] theme` and `[tui] keys`."""
    try:
        table = tomllib.loads(config_file.read_text(encoding="utf-8")).get("tui")
    except (OSError, ValueError):
        return Looks()
    if not isinstance(table, dict):
        return Looks()
    theme: Any = table.get("theme")
    keys: Any = table.get("keys")
    return Looks(
        theme=theme if isinstance(theme, str) else "",
        keys={plain_line(name): plain_line(key) for name, key in keys.items() if isinstance(key, str)}
        if isinstance(keys, dict)
        else {},
    )
