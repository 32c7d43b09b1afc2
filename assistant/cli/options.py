"""Arguments that several commands share, and what is read from the command line's surroundings."""

import os
import select
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from assistant.cli import diagnostics
from indexer.client import connect
from indexer.errors import UsageError
from indexer.paths import Places

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_PATIENCE_S = 2.0

MAX_QUESTION_CHARS = 150_000
MAX_PIPED_BYTES = 16_000_000
"""What is piped in is held in memory, and no model reads more of it."""


def json_option(what: str) -> Callable[[CommandT], CommandT]:
    """Return the `--json` option; `what` says what it prints."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what} as JSON.")


def fresh_option(command: CommandT) -> CommandT:
    """Add the `--fresh` option."""
    return click.option(
        "--fresh", is_flag=True, help="Wait until everything that is on disk now can be found."
    )(command)


def no_wait_option(command: CommandT) -> CommandT:
    """Add the `--no-wait` option of commands that have folders indexed."""
    return click.option(
        "--no-wait", is_flag=True, help="Return at once; indexing goes on in the background."
    )(command)


def existing_path(given: str) -> Path:
    """Return the real path of something that exists, as the index knows it.

    What is indexed and stands on a disk that is away counts as well.

    Raises:
        UsageError: If there is nothing of that name.
    """
    if not given.strip():
        raise UsageError("an empty name is no folder or file")
    path = absolute_path(given)
    try:
        return path.resolve(strict=True)
    except OSError as error:
        if _is_away(path):
            return path.resolve()
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise UsageError(f"{given!r} is no path") from error


def _is_away(path: Path) -> bool:
    """Tell whether something that does not exist belongs to an indexed folder that is away."""
    places = Places.discover()
    # where nothing was ever indexed no daemon need be started to say so.
    return places.editions_file.exists() and bool(connect(places).why(path)["is_root_away"])


def absolute_path(given: str) -> Path:
    """Return a path without `~`, `.` and `..`; links stay as they are, and nothing need exist.

    Raises:
        UsageError: If it begins with the home of nobody.
    """
    try:
        path = Path(given).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{given}: there is no such user") from error
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links


def question_and_extra(words: Sequence[str]) -> tuple[str, str]:
    """Return the question, and the text that was piped in beside it.

    Without words on the command line the piped text is the question.

    Raises:
        UsageError: If there is neither, or the question is empty.
    """
    question = written(words, what="question")
    piped = "" if words and not _is_piped() else _read_stdin(has_question=bool(words))
    if not words:
        question, piped = written([piped], what="question"), ""
    if not question:
        raise UsageError(
            "the question is empty", hint='ask something, as in `kb ask "when is the rent due?"`'
        )
    return question, piped


def written(words: Sequence[str], *, what: str) -> str:
    """Return what was written on the command line, as text that can be read and searched for.

    Args:
        words: As Python got them: bytes that are not text are half characters in them.
        what: What it is called.

    Raises:
        UsageError: If it is too long.
    """
    text = " ".join(words).encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()
    if len(text) > MAX_QUESTION_CHARS:
        raise UsageError(
            f"the {what} is {len(text):,} characters long, and {MAX_QUESTION_CHARS:,} can be read",
            hint='long text can be piped in beside a question, as in `kb ask "what is this about?" < FILE`',
        )
    return text


def _is_piped() -> bool:
    """Tell whether stdin is something that another program or the shell filled for us."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def _read_stdin(*, has_question: bool) -> str:
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return ""
    if os.isatty(descriptor):
        raise UsageError(
            "no question was given", hint='ask something, as in `kb ask "when is the rent due?"`'
        )
    if has_question and not select.select([descriptor], [], [], _PATIENCE_S)[0]:
        diagnostics.notice("waiting for the end of the piped text; `< /dev/null` goes without")
    piped = sys.stdin.buffer.read(MAX_PIPED_BYTES + 1)
    if len(piped) > MAX_PIPED_BYTES:
        raise UsageError(f"more than {MAX_PIPED_BYTES // 1_000_000} MB were piped in, which no model reads")
    return piped.decode("utf-8", "replace")
