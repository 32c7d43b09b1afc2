"""What goes to stderr, and the exit codes.

stdout belongs to the answer. Everything else a person is told goes through
here: errors and notices as `kb: …` lines of their own, progress as one line
that is wiped again and that nobody sees who is not at a terminal.
"""

import os
import shutil
import sys
from collections.abc import Callable
from enum import IntEnum
from types import TracebackType
from typing import Self

from assistant.errors import HistoryError
from assistant.terminal import plain_line
from indexer.errors import ConfigError, EngineError, IndexerError, KbError, UsageError


class Exit(IntEnum):
    """How a command ended; a contract with scripts, also written in `EXIT_CODES`."""

    ANSWERED = 0
    NOTHING_FOUND = 1
    USAGE = 2
    INDEX = 3
    ENGINE = 4
    INTERRUPTED = 130


EXIT_CODES = (
    "Exit codes: 0 answered, 1 nothing found, 2 usage or config, 3 index or daemon,"
    " 4 model or engine, 130 interrupted."
)
"""Stands at the end of every help page."""

INTERRUPTED = "interrupted"


class Interrupted(Exception):  # noqa: N818 - what a person did is no error
    """The person pressed Ctrl-C, and there is more to say about it than that.

    Args:
        message: What goes on, or what was stopped, in one line.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ReaderLeft(Exception):  # noqa: N818 - nor is what the next program in the pipe did
    """Whoever read our output has what it wanted, as in `kb search … | head -1`."""


def exit_code(error: KbError) -> Exit:
    """Map an error to the exit code of its kind."""
    match error:
        case UsageError() | ConfigError():
            return Exit.USAGE
        case EngineError():
            return Exit.ENGINE
        case IndexerError() | HistoryError():
            return Exit.INDEX
        case _:
            return Exit.USAGE


def notice(text: str, *, hint: str = "") -> None:
    """Tell the person something beside the answer."""
    _write(f"kb: {plain_line(text)}")
    if hint:
        _write(f"  {plain_line(hint)}")


def report(message: str, *, hint: str = "") -> None:
    """Tell the person what went wrong, and in a second line what can be done."""
    notice(f"error: {message}", hint=hint)


def detail(text: str, *, indent: int = 0) -> None:
    """Write one more line that belongs to the notice before it."""
    _write(" " * indent + plain_line(text))


def aside(text: str) -> None:
    """Write a piece of what is beside the answer as it comes, dim where that can be shown."""
    if text:
        has_colours = is_terminal(sys.stderr.fileno()) and not os.environ.get("NO_COLOR")
        _write(f"\x1b[2m{text}\x1b[0m" if has_colours else text, end="")


def run(command: Callable[[], int | None]) -> int:
    """Carry out a command and return the exit code, having reported whatever ended it early."""
    try:
        code = command()
    except KbError as error:
        report(error.message, hint=error.hint)
        return exit_code(error)
    except Interrupted as interruption:
        notice(interruption.message)
        return Exit.INTERRUPTED
    except KeyboardInterrupt:
        notice(INTERRUPTED)
        return Exit.INTERRUPTED
    except ReaderLeft:
        return Exit.ANSWERED
    return Exit.ANSWERED if code is None else code


class StatusLine:
    """One line on the terminal that says what is going on, and is wiped in the end.

    Nothing is written where stderr is no terminal.
    """

    def __init__(self) -> None:
        self.is_visible = is_terminal(sys.stderr.fileno())
        self._is_dirty = False

    def show(self, text: str) -> None:
        """Replace what the line says."""
        if self.is_visible:
            # with room for the "^C" that a terminal writes behind it.
            width = max(10, shutil.get_terminal_size().columns - 3)
            sys.stderr.write(f"\r\x1b[K{plain_line(text)[:width]}")
            sys.stderr.flush()
            self._is_dirty = True

    def wipe(self) -> None:
        """Take the line away."""
        if self._is_dirty:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._is_dirty = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.wipe()


def is_terminal(descriptor: int) -> bool:
    """Tell whether a descriptor is a terminal that understands control sequences."""
    return os.isatty(descriptor) and os.environ.get("TERM", "") not in {"", "dumb"}


def _write(line: str, *, end: str = "\n") -> None:
    try:
        print(line, end=end, file=sys.stderr, flush=True)
    except OSError:
        # stderr is closed or full: the exit code still speaks, and must not fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
