"""What goes to stdout: the answer, and nothing else.

Text from files and models is made plain on its way; JSON is not, because it
escapes whatever could drive a terminal.
"""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from assistant.cli.diagnostics import ReaderLeft, is_terminal
from assistant.terminal import plain, plain_line
from indexer.errors import UsageError

_BOLD = "1"
_DIM = "2"


def write_json(value: Any) -> None:
    """Print one JSON value; indented for a person, on one line for a program."""
    _write(json.dumps(value, indent=2 if os.isatty(sys.stdout.fileno()) else None) + "\n")


def write_line(line: str = "") -> None:
    """Print one line."""
    _write(plain(line) + "\n")


def write_piece(text: str) -> None:
    """Print a piece of running text, already plain, at once."""
    _write(text)
    flush()


def write_styled(*parts: str) -> None:
    """Print one line of parts that are already plain, or come from `bold`, `dim` and `link`."""
    _write("".join(parts) + "\n")


def write_wrapped(text: str, *, indent: str, label: str = "") -> None:
    """Print a paragraph, wrapped to the terminal and indented; on one line elsewhere.

    Args:
        text: The paragraph.
        indent: Blanks before every line.
        label: Plain text that stands in their place before the first line.
    """
    text = plain_line(text)
    first = label.ljust(len(indent))
    if is_terminal(sys.stdout.fileno()):
        width = max(20, min(100, shutil.get_terminal_size().columns))
        text = textwrap.fill(text, width, initial_indent=first, subsequent_indent=indent)
        _write(text + "\n")
    else:
        _write(f"{first}{text}\n")


def write_table(rows: Iterable[Sequence[str]]) -> None:
    """Print rows in columns; on a terminal they are aligned, elsewhere parted by tabs."""
    lines = [[plain_line(cell) for cell in row] for row in rows]
    if not is_terminal(sys.stdout.fileno()):
        for cells in lines:
            _write("\t".join(cells) + "\n")
        return
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        _write("  ".join(padded).rstrip() + "\n")


def write_row(row: str, *, style: Literal["", "bold", "dim"] = "") -> None:
    """Print one line that is plain already and keeps its blanks, styled where that can be shown."""
    code = {"": "", "bold": _BOLD, "dim": _DIM}[style]
    _write((f"\x1b[{code}m{row}\x1b[0m" if code and _has_colours() else row) + "\n")


def bold(text: str) -> str:
    """Return one line of text for `write_styled`, bold where that can be shown."""
    return _styled(text, _BOLD)


def dim(text: str) -> str:
    """Return one line of text for `write_styled`, dim where that can be shown."""
    return _styled(text, _DIM)


def place(path: Path, short: str, where: str) -> str:
    """Name a place in a file: short and clickable on a terminal, else with the absolute path."""
    suffix = f", {plain_line(where)}" if where else ""
    if is_terminal(sys.stdout.fileno()):
        return link(short, path) + suffix
    return plain_line(str(path)) + suffix


def link(text: str, path: Path) -> str:
    """Return one line of text that opens a file when clicked, where the terminal can do that."""
    text = plain_line(text)
    if not _has_colours():
        return text
    # the path's own bytes, percent-encoded: nothing in it can end the sequence.
    return f"\x1b]8;;file://{quote(os.fsencode(path))}\x1b\\{text}\x1b]8;;\x1b\\"


def _styled(text: str, code: str) -> str:
    shown = plain_line(text)
    return f"\x1b[{code}m{shown}\x1b[0m" if _has_colours() else shown


def _has_colours() -> bool:
    return is_terminal(sys.stdout.fileno()) and not os.environ.get("NO_COLOR")


def flush() -> None:
    """Send what is still buffered on its way.

    Raises:
        ReaderLeft: If nobody reads any more.
        UsageError: If it cannot be written, as on a full disk.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        raise _lost(error) from error


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        # a locale without the character: better a question mark than no answer.
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    except OSError as error:
        raise _lost(error) from error


def _lost(error: OSError) -> Exception:
    # what is still buffered must not fail a second time when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return ReaderLeft()
    return UsageError(f"cannot write the output: {error.strerror}")
