"""A home for the app, and waiting for what it shows."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant.config import Settings
from assistant.tui.app import KbApp
from assistant.tui.backend import Backend
from indexer.config import load_settings
from indexer.paths import Places
from tests.waiting import PATIENCE_S


@dataclass(frozen=True, slots=True)
class Home:
    """A `KB_HOME`, and the notes that its daemon has indexed."""

    places: Places
    notes: Path
    """Empty where no folder is indexed."""

    def app(self, *, has_model: bool = True, more: str = "") -> KbApp:
        """Make an app that is not running yet.

        Args:
            has_model: Whether the tiny reader is configured.
            more: Further lines of config.
        """
        model = f"[model]\npath = '{TINY_READER}'\n" if has_model else ""
        answering = "[answer]\npassages = 3\ntemperature = 0\n"
        self.places.config_file.write_text(f"{model}{answering}{more}", encoding="utf-8")
        return KbApp(Backend(self.places, load_settings(self.places.config_file, Settings)))


ROOT = Path(__file__).resolve().parents[3]
TINY_READER = ROOT / "tests" / "models" / "tiny_reader" / "tiny_reader.gguf"
VAULT = ROOT / "examples" / "vault"


def noting_editor(folder: Path) -> tuple[Path, str]:
    """Make an editor that writes down what it is told to open; return where, and the config that takes it."""
    seen, editor = folder / "seen", folder / "code"
    editor.write_text(f'#!/bin/sh\necho "$@" > {seen}\n', encoding="utf-8")
    editor.chmod(0o755)
    return seen, f"[tui]\neditor = '{editor} {{line}} {{path}}'\n"


async def until(is_true: Callable[[], bool], what: str) -> None:
    """Wait while the app goes on until something holds, and fail if it never does.

    Args:
        is_true: Asked again and again.
        what: What is waited for, as a clause.
    """
    end = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < end, f"waited in vain until {what}"
        await asyncio.sleep(0.02)
