"""`kb add`, `kb remove`, `kb roots` and `kb index`: which folders, and how far they are."""

import time
from collections.abc import Iterator

import click

from assistant.cli import diagnostics, options, output
from assistant.cli.diagnostics import Exit, Interrupted, StatusLine
from assistant.cli.group import Command
from indexer.client import IndexerClient, connect
from indexer.errors import UsageError
from indexer.paths import Places
from indexer.types import Progress

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
    for folder in folders:
        for said in client.add_root(folder).splitlines():
            diagnostics.notice(said)
    follow(client, is_waiting=not no_wait)


@click.command(cls=Command)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
def remove(paths: tuple[str, ...]) -> None:
    """Forget the folder PATH and everything indexed from it.

    The files themselves stay as they are.
    """
    client = connect(Places.discover())
    for path in paths:
        folder = options.absolute_path(path)
        count = client.remove_root(folder)
        output.write_line(f"forgot {folder}: {counted(count, 'file')}")


@click.command(cls=Command)
@options.json_option("an array of objects")
def roots(*, as_json: bool) -> Exit:
    """List the indexed folders."""
    listed = connect(Places.discover()).status()["roots"]
    if as_json:
        output.write_json(listed)
    else:
        output.write_table([root["path"], counted(root.get("files", 0), "file")] for root in listed)
    if not listed:
        diagnostics.notice("no folder is indexed yet", hint="run `kb add FOLDER`")
        return Exit.NOTHING_FOUND
    return Exit.ANSWERED


@click.command(cls=Command)
@options.no_wait_option
def index(*, no_wait: bool) -> None:
    """Look through every indexed folder for new, changed and deleted files."""
    client = connect(Places.discover())
    if not client.roots():
        raise UsageError("no folder is indexed yet", hint="run `kb add FOLDER`")
    client.sweep()
    follow(client, is_waiting=not no_wait)


def follow(client: IndexerClient, *, is_waiting: bool) -> None:
    """Show the progress until nothing is left to do, then say what came of it; or do not wait for it."""
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
    for state, what in (("partial", "only in part"), ("failed", "could not be read")):
        if count := counts.get(state, 0):
            diagnostics.notice(
                f"{counted(count, 'file')} {what}", hint=f"`kb files --state {state}` lists them"
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


def describe(progress: Progress) -> str:
    """Write progress in one line: files, chunks, rate, time left, and the file at hand."""
    parts = [f"{progress.files_done:,}/{progress.files_total:,} files", f"{progress.chunks_done:,} chunks"]
    if progress.chunks_per_s:
        parts.append(f"{progress.chunks_per_s:.0f}/s")
    if progress.seconds_left is not None:
        parts.append(f"{duration(progress.seconds_left)} left")
    line = ", ".join(parts)
    return f"{line} - {progress.current}" if progress.current else line


def duration(seconds: float) -> str:
    """Write a duration as a person says it: "40 s", "3 min", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def counted(count: int, thing: str) -> str:
    """Write a number of things: "1 file", "1,200 files"."""
    return f"1 {thing}" if count == 1 else f"{count:,} {thing}s"
