"""`kb add`, `kb remove`, `kb roots` and `kb index`: which folders, and how far they are."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from assistant.cli import diagnostics, options, output
from assistant.cli.diagnostics import Exit, Interrupted, StatusLine
from assistant.cli.group import Command
from assistant.overview import describe
from assistant.times import counted
from indexer.client import IndexerClient, connect
from indexer.errors import UsageError
from indexer.paths import Places
from indexer.types import FileStatus, Progress

GOES_ON = "indexing goes on in the background; kb status shows it"

_LOG_EVERY_S = 5.0
"""Where the progress is no line that changes, one is written this often."""


@click.command(cls=Command)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@options.no_wait_option
def add(paths: tuple[str, ...], *, no_wait: bool) -> None:
    """Index the folder PATH with everything in it.

    Shows how far it is until all can be found. Ctrl-C stops the watching, not
    the indexing.
    """
    folders = [options.absolute_path(path) for path in paths]
    client = connect(Places.discover())
    began = time.time()
    for folder in folders:
        for said in client.add_root(folder).splitlines():
            diagnostics.notice(said)
    follow(client, is_waiting=not no_wait, since=began)


@click.command(cls=Command)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
def remove(paths: tuple[str, ...]) -> None:
    """Forget the folder PATH and everything indexed from it.

    The files themselves stay as they are. The model forgets what it read last.
    """
    # deferred: no other command here talks to the engine.
    from assistant.engine.client import forget_prompts

    places = Places.discover()
    client = connect(places)
    for path in paths:
        folder = options.absolute_path(path)
        count = client.remove_root(folder)
        output.write_line(f"forgot {folder}: {counted(count, 'file')}")
    forget_prompts(places)


@click.command(cls=Command)
@options.json_option("an array of objects")
def roots(*, as_json: bool) -> Exit:
    """List the indexed folders."""
    listed = connect(Places.discover()).status()["roots"]
    if as_json:
        output.write_json(listed)
    else:
        output.write_table(_table(listed))
    if not listed:
        diagnostics.notice("no folder is indexed yet", hint="run `kb add FOLDER`")
        return Exit.NOTHING_FOUND
    return Exit.ANSWERED


@click.command(cls=Command)
@click.option("--retry", "is_retrying", is_flag=True, help="Read what failed again, changed or not.")
@click.option("--prune", "is_pruning", is_flag=True, help="Forget the files of folders that are away.")
@options.no_wait_option
def index(*, is_retrying: bool, is_pruning: bool, no_wait: bool) -> None:
    """Look through every indexed folder for new, changed and deleted files.

    A folder that is away, because its disk is not there or it was emptied at
    once, keeps what was indexed of it until --prune is given.
    """
    if is_pruning and no_wait:
        raise UsageError("--prune and --no-wait exclude each other")
    client = connect(Places.discover())
    if not client.roots():
        raise UsageError("no folder is indexed yet", hint="run `kb add FOLDER`")
    began = time.time()
    if is_retrying:
        count = client.retry()
        failed = f"{counted(count, 'failed file')} {'is' if count == 1 else 'are'} read again"
        diagnostics.notice(failed if count else "no file has failed")
    client.sweep()
    follow(client, is_waiting=not no_wait, since=began)
    if no_wait:
        return
    away = [root for root in client.status()["roots"] if root["is_away"]]
    if is_pruning:
        _prune(client, away)
    else:
        for root in away:
            diagnostics.notice(
                f"{root['path']} is away: it is gone, or was emptied at once; nothing of it is forgotten",
                hint=f"`kb index --prune` forgets its files, `kb remove {root['path']}` the folder too",
            )


def follow(client: IndexerClient, *, is_waiting: bool, since: float = 0.0) -> None:
    """Show the progress until nothing is left to do, then say what came of it; or do not wait for it.

    Args:
        client: Of the daemon.
        is_waiting: Whether to wait.
        since: What failed before, in seconds since the epoch, is not this run's.
    """
    if not is_waiting:
        diagnostics.notice(GOES_ON)
        return
    try:
        with StatusLine() as line:
            last = _show(client.progress(), line)
    except KeyboardInterrupt:
        raise Interrupted(GOES_ON) from None
    counts = client.status()["files"]
    done = (
        f"{counted(last.files_done, 'file')} new or changed, {counted(last.chunks_done, 'chunk')} indexed"
        if last
        else "nothing to do"
    )
    output.write_line(
        f"{done}; the index holds {counted(counts.get('indexed', 0) + counts.get('partial', 0), 'file')}"
    )
    for state, what in ((FileStatus.PARTIAL, "only in part"), (FileStatus.FAILED, "could not be read")):
        if not counts.get(state.value):
            continue
        if count := sum((entry.since or 0.0) >= since for entry in client.files(status=state)):
            diagnostics.notice(
                f"{counted(count, 'file')} {what}", hint=f"`kb files --state {state.value}` lists them"
            )


def _show(events: Iterator[Progress], line: StatusLine) -> Progress | None:
    last = None
    shown_at, told = time.monotonic(), 0
    for last in events:
        if last.is_idle:
            break
        if line.is_visible:
            line.show(describe(last))
        elif last.chunks_done > told and time.monotonic() - shown_at >= _LOG_EVERY_S:
            diagnostics.notice(describe(last))
            shown_at, told = time.monotonic(), last.chunks_done
    return last


def _table(listed: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return path and files of each folder, and where one is away or not watched a third column."""
    table = [[root["path"], counted(root.get("files", 0), "file")] for root in listed]
    remarks = [
        "away: it is gone, or was emptied at once" if root["is_away"] else _not_watched(root)
        for root in listed
    ]
    return [[*row, remark] for row, remark in zip(table, remarks, strict=True)] if any(remarks) else table


def _not_watched(root: Mapping[str, Any]) -> str:
    return f"not watched: {root['not_watched']}" if root.get("not_watched") else ""


def _prune(client: IndexerClient, away: Sequence[Mapping[str, Any]]) -> None:
    """Forget the files of folders that are away, and say how many of which."""
    if not away:
        diagnostics.notice("no folder is away, so nothing is forgotten")
        return
    count = client.prune()
    named = ", ".join(root["path"] for root in away)
    output.write_line(f"forgot {counted(count, 'file')} of {named}; the folder stays in the list")
