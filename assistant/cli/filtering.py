"""The options that say what is searched: `--in`, `--exclude`, `--type`, `--tag`, `--since`, `--before`."""

import functools
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from assistant.cli import options
from assistant.cli.options import CommandT
from indexer.dates import moment_of
from indexer.errors import UsageError
from indexer.types import Filters

_OPTIONS = (
    click.option("--in", "within", multiple=True, metavar="PATH", help="Search only in this folder or file."),
    click.option("--exclude", multiple=True, metavar="PATH", help="Leave out this folder or file."),
    click.option(
        "--type",
        "types",
        multiple=True,
        metavar="KIND",
        help="Only files of this kind: pdf, md, code, mail, html, notes, … or an ending.",
    ),
    click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only files with this tag."),
    click.option("--since", metavar="WHEN", help='Only files dated from WHEN on: 2026-01, "last week", 7d.'),
    click.option("--before", metavar="WHEN", help="Only files dated before WHEN."),
)

_IS_PATTERN = re.compile(r"[*?\[]")


def filter_options(command: CommandT) -> CommandT:
    """Add the options that say what is searched; the command gets them as one argument, `filters`."""

    @functools.wraps(command)
    def filtered(
        *arguments: Any,
        within: tuple[str, ...],
        exclude: tuple[str, ...],
        types: tuple[str, ...],
        tags: tuple[str, ...],
        since: str | None,
        before: str | None,
        **others: Any,
    ) -> Any:
        now = time.time()
        filters = Filters(
            within=tuple(map(place_of, within)),
            exclude=tuple(map(place_of, exclude)),
            types=tuple(_words(types)),
            tags=tuple(_words(tags)),
            since=_moment(since, "--since", now),
            before=_moment(before, "--before", now),
        )
        return command(*arguments, filters=filters, **others)

    # one by one, as decorators that stand below each other are.
    with_options: Callable[..., Any] = filtered
    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options  # type: ignore[return-value]


def place_of(given: str) -> str:
    """Return what a filter takes for a folder or file: the path of what exists, else a name or pattern.

    Raises:
        UsageError: If it is written as a path and there is nothing of that name.
    """
    is_path = given.startswith(("/", "~", "./", "../")) or given in {"", ".", ".."}
    if not is_path:
        try:
            is_path = options.absolute_path(given).exists()
        except (OSError, ValueError):
            is_path = False
    if is_path or not given.strip() or "\0" in given:
        return str(options.existing_path(given))
    return given if _IS_PATTERN.search(given) else given.rstrip("/")


def paths_of(filters: Filters) -> list[Path]:
    """Return the paths that a search stays in, as waiting for changes needs them; none for everywhere."""
    is_all_paths = all(place.startswith("/") for place in filters.within)
    return [Path(place) for place in filters.within] if is_all_paths else []


def _words(given: tuple[str, ...]) -> list[str]:
    words = [word.strip() for one in given for word in one.split(",")]
    if not all(words):
        raise UsageError("an empty word is no filter", hint="as in `--type pdf` or `--tag work`")
    return words


def _moment(given: str | None, name: str, now: float) -> float | None:
    if given is None:
        return None
    moment = moment_of(given, now)
    if moment is None:
        raise UsageError(
            f"{name} {given!r} is no date", hint='write 2026-01-15, 2026-01, yesterday, "last week" or 7d'
        )
    return moment
