"""`kb indexer`: the daemon that keeps the index."""

import contextlib
import os
import sys
from collections import deque

import click

from assistant.cli import diagnostics, options, output
from assistant.cli.diagnostics import Exit
from assistant.cli.group import Command, Group
from indexer.client import connect
from indexer.client import rebuild as rebuild_index
from indexer.errors import DaemonError
from indexer.paths import Places


@click.group(cls=Group)
def indexer() -> None:
    """Control the indexer that runs in the background.

    Every command that needs it starts it; it stays until it is stopped.
    """


@indexer.command(cls=Command)
def run() -> None:
    """Run it in the foreground, as a service manager wants it."""
    output.flush()
    # our process becomes the daemon: signals and exit code are its own.
    os.execv(sys.executable, [sys.executable, "-m", "indexer"])


@indexer.command(cls=Command)
def start() -> None:
    """Start it, unless it runs already."""
    output.write_line(f"the indexer runs, pid {connect(Places.discover()).status()['pid']}")


@indexer.command(cls=Command)
def stop() -> None:
    """Stop it; the next command that needs it starts it again."""
    places = Places.discover()
    try:
        client = connect(places, start=False)
    except DaemonError:
        diagnostics.notice("the indexer is not running")
        return
    client.stop()
    output.write_line("the indexer has stopped")


@indexer.command(cls=Command)
def restart() -> None:
    """Stop it and start it again, so that it reads the config anew."""
    places = Places.discover()
    with contextlib.suppress(DaemonError):
        connect(places, start=False).stop()
    output.write_line(f"the indexer runs, pid {connect(places).status()['pid']}")


@indexer.command(cls=Command)
@options.no_wait_option
def rebuild(*, no_wait: bool) -> None:
    """Forget what is indexed and index every folder again.

    For a changed embedding model, or an index that is damaged. The folders stay
    in the list, the files as they are.
    """
    # deferred: only this command follows the work.
    from assistant.cli.roots import follow

    follow(rebuild_index(Places.discover()), is_waiting=not no_wait)


@indexer.command(cls=Command)
def status() -> Exit:
    """Say whether it runs; exits with 3 if it does not."""
    said = connect(Places.discover(), start=False).status()
    output.write_line(f"the indexer runs, pid {said['pid']}, {said['state']}")
    return Exit.ANSWERED


@indexer.command(cls=Command)
@click.option("-n", "count", default=50, show_default=True, type=click.IntRange(1), help="Lines at most.")
def logs(count: int) -> Exit:
    """Show the end of its log."""
    file = Places.discover().log_dir / "indexer.log"
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            last = deque(lines, maxlen=count)
    except FileNotFoundError:
        diagnostics.notice(f"there is no log yet at {file}")
        return Exit.NOTHING_FOUND
    for line in last:
        output.write_line(line.rstrip("\n"))
    return Exit.ANSWERED
