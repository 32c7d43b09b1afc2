"""A screen that is redrawn in place until the person has seen enough."""

import shutil
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from assistant.cli import output
from assistant.cli.diagnostics import is_terminal


class Screen:
    """The whole terminal, drawn over and given back at the end; not to be used elsewhere than on one."""

    def __enter__(self) -> Self:
        # a screen of its own, which no scrolling reaches, without a cursor; letters that are two
        # columns wide make a line too long, which must not become two lines.
        output.write_piece("\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        output.write_piece("\x1b[?7h\x1b[?25h\x1b[?1049l")

    def show(self, lines: Sequence[str]) -> None:
        """Draw lines over what stands there; those that do not fit are left out.

        Args:
            lines: Already plain, none wider than `width`.
        """
        height = shutil.get_terminal_size().lines
        drawn = "".join(f"{line}\x1b[K\r\n" for line in lines[: height - 1])
        output.write_piece(f"\x1b[H{drawn}\x1b[J")


def has_screen() -> bool:
    """Tell whether stdout is a terminal that can be drawn over."""
    return is_terminal(sys.stdout.fileno())


def width() -> int:
    """Return how many columns the terminal has."""
    return shutil.get_terminal_size().columns
