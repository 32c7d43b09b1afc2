"""`kb status` and `kb files`: what is indexed, and what became of every file."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from assistant import overview
from assistant.cli import diagnostics, options, output
from assistant.cli.diagnostics import Exit
from assistant.cli.group import Command
from assistant.cli.screen import Screen, has_screen, width
from assistant.overview import Row
from assistant.terminal import plain_line
from assistant.times import ago, ahead
from indexer.client import IndexerClient, connect
from indexer.errors import DaemonError
from indexer.paths import Places
from indexer.types import FileEntry, FileStatus

WATCH_S = 1.0
"""How often `--watch` looks."""

GONE = "the indexer does not answer; it is shown again as soon as it does"


@click.command(cls=Command)
@click.option("--watch", "is_watching", is_flag=True, help="Go on showing it until Ctrl-C.")
@options.json_option("one object")
def status(*, is_watching: bool, as_json: bool) -> None:
    """Say what is indexed, how fresh it is, and what is going on.

    "current as of" is the moment whose state of your files is indexed. With
    --watch it is shown anew every second on a terminal; elsewhere a block, or
    with --json a line, is printed whenever something changed.
    """
    if is_watching:
        # whoever has seen enough has not interrupted anything.
        with contextlib.suppress(KeyboardInterrupt):
            watch(connect(Places.discover()), as_json=as_json)
        return
    said = connect(Places.discover()).status()
    if as_json:
        output.write_json(said)
        return
    _write(overview.rows(said, now=time.time()))
    if not said["roots"]:
        diagnostics.notice("no folder is indexed yet", hint="run `kb add FOLDER`")


@click.command(cls=Command)
@click.option("--state", type=click.Choice(overview.STATES), help="Only files in this state.")
@click.option("--in", "within", metavar="PATH", help="Only files in this folder.")
@options.json_option("an array of objects")
def files(state: str | None, within: str | None, *, as_json: bool) -> Exit:
    """List the files kb knows: state, path, and the reason where there is one.

    A file is indexed, partial (with something missing), skipped (by a rule),
    failed (with the error), or pending. Of failed ones it is also said since
    when, and when they are tried again. `kb why FILE` says more about one.
    """
    client = connect(Places.discover())
    under = options.absolute_path(within).resolve() if within else None
    entries = client.files(status=FileStatus(state) if state else None, under=under)
    if as_json:
        output.write_json([entry.to_json() for entry in entries])
    else:
        now = time.time()
        is_failed = state == FileStatus.FAILED.value
        output.write_table(_columns(entry, now=now, is_failed=is_failed) for entry in entries)
    if entries:
        return Exit.ANSWERED
    _say_no_files(client, state, under)
    return Exit.NOTHING_FOUND


def watch(client: IndexerClient, *, as_json: bool) -> None:
    """Show the status again and again, also across restarts of the indexer; ends with Ctrl-C alone.

    Args:
        client: Of the daemon, which is not started again where it was stopped.
        as_json: Whether to print JSON objects.
    """
    if as_json or not has_screen():
        _watch_plainly(client, as_json=as_json)
        return
    last: list[Row] = []
    try:
        with Screen() as screen:
            for said in _statuses(client):
                last = [("indexer", GONE)] if said is None else overview.rows(said, now=time.time())
                screen.show(_fitted(last))
    finally:
        # what stood on the screen last stays in sight.
        _write(last)


def _watch_plainly(client: IndexerClient, *, as_json: bool) -> None:
    shown: dict[str, Any] | None = None
    is_first = True
    for said in _statuses(client):
        essence = None if said is None else overview.essence(said)
        if essence == shown and not is_first:
            continue
        if said is None:
            diagnostics.notice(GONE)
        elif as_json:
            output.write_json(said)
        else:
            if not is_first:
                output.write_line()
            _write(overview.rows(said, now=time.time()))
        output.flush()
        shown, is_first = essence, False


def _statuses(client: IndexerClient) -> Iterator[dict[str, Any] | None]:
    """Yield what the daemon says, every second and without end; `None` while none answers."""
    while True:
        try:
            said = client.status()
        except DaemonError:
            yield None
        else:
            yield said
        time.sleep(WATCH_S)


def _write(rows: list[Row]) -> None:
    """Print rows: aligned and cut to the width of a terminal, elsewhere whole and parted by tabs."""
    if has_screen():
        for line in _fitted(rows):
            output.write_line(line)
    else:
        output.write_table(rows)


def _fitted(rows: list[Row]) -> list[str]:
    return overview.fitted([(label, plain_line(text)) for label, text in rows], width())


def _columns(entry: FileEntry, *, now: float, is_failed: bool) -> list[str]:
    columns = [entry.status.value, str(entry.path), entry.reason]
    if is_failed:
        columns.append("" if entry.since is None else f"since {ago(entry.since, now=now)}")
        columns.append(
            "tried again when it changes"
            if entry.retry_at is None
            else f"try {entry.attempts + 1} {ahead(entry.retry_at, now=now)}"
        )
    return columns


def _say_no_files(client: IndexerClient, state: str | None, under: Path | None) -> None:
    """Say why there is nothing to list."""
    roots = client.roots()
    if not roots:
        diagnostics.notice("no folder is indexed yet", hint="run `kb add FOLDER`")
        return
    is_inside = under is None or any(
        under == root or root in under.parents or under in root.parents for root in roots
    )
    if not is_inside:
        diagnostics.notice(f"{under} is under no indexed folder", hint=f"`kb why {under}` says more")
        return
    what = f"no file is {state}" if state else "no file is known"
    diagnostics.notice(what if under is None else f"{what} in {under}")
