"""`kb indexer`: the daemon that keeps the index."""

import contextlib
import os
import sys
import time

import click

from assistant.cli import diagnostics, durations, options, output
from assistant.cli.diagnostics import Exit
from assistant.cli.group import Command, Group
from indexer.client import IndexerClient, connect
from indexer.client import rebuild as rebuild_index
from indexer.errors import DaemonError
from indexer.paths import Places

TAKEN_OVER_S = 20.0
"""How long the system may take to start what it was asked to start."""


@click.group(cls=Group)
def indexer() -> None:
    """Control the indexer that runs in the background.

    Every command that needs it starts it; it stays until it is stopped.
    """


@indexer.command(cls=Command)
def run() -> None:
    """Run it in the foreground, as a service manager wants it."""
    output.flush()
    # our process becomes the daemon: signals and exit code are its own. -P: no module of the folder
    # that somebody happens to stand in is taken for one of ours.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "indexer"])


@indexer.command(cls=Command)
def start() -> None:
    """Start it, unless it runs already."""
    places = Places.discover()
    if not IndexerClient(places).is_running():
        _start_service(places)
    output.write_line(f"the indexer runs, pid {connect(places).status()['pid']}")


@indexer.command(cls=Command)
def stop() -> None:
    """Stop it; the next command that needs it starts it again.

    It finishes the file that it is writing, and takes ten seconds at most.
    """
    if IndexerClient(Places.discover()).stop():
        output.write_line("the indexer has stopped")
    else:
        diagnostics.notice("the indexer is not running")


@indexer.command(cls=Command)
def restart() -> None:
    """Stop it and start it again, so that it reads the config anew."""
    places = Places.discover()
    IndexerClient(places).stop()
    _start_service(places)
    output.write_line(f"the indexer runs, pid {connect(places).status()['pid']}")


@indexer.command(cls=Command)
@click.option(
    "--for", "duration", metavar="TIME", help="How long: 90s, 30m, 1h, 2h30m, 1d; until `resume` if left out."
)
def pause(duration: str | None) -> None:
    """Stop indexing for a while; searches and questions go on."""
    seconds = None if duration is None else durations.seconds_of(duration)
    connect(Places.discover()).pause(seconds)
    until = "`kb indexer resume`" if seconds is None else durations.moment_in(seconds, now=time.time())
    output.write_line(f"indexing is paused until {until}; searches go on")


@indexer.command(cls=Command)
def resume() -> None:
    """Go on indexing after a pause."""
    connect(Places.discover()).resume()
    output.write_line("indexing goes on")


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
@click.option("-n", "count", default=50, show_default=True, type=click.IntRange(0), help="Lines at most.")
@click.option("-f", "--follow", "is_following", is_flag=True, help="Go on with what is added, until Ctrl-C.")
def logs(count: int, *, is_following: bool) -> Exit:
    """Show the end of its log."""
    # deferred: only this command reads logs.
    from indexer.logs import follow, last_lines

    file = Places.discover().log_dir / "indexer.log"
    has_log = file.exists()
    if not has_log:
        diagnostics.notice(f"there is no log yet at {file}")
    if is_following:
        # Ctrl-C is how one leaves, so nothing is said of it; the exit code is the one of `tail -f`.
        with contextlib.suppress(KeyboardInterrupt):
            for line in follow(file, last=count):
                output.write_line(line)
                output.flush()
        return Exit.INTERRUPTED
    for line in last_lines(file, count):
        output.write_line(line)
    return Exit.ANSWERED if has_log else Exit.NOTHING_FOUND


@indexer.command(cls=Command)
def install() -> None:
    """Have the system start it whenever you log in.

    On Linux that is a systemd user unit, without network and with no other
    place to write than kb's own; on macOS an agent of launchd.
    """
    # deferred: only this command and its opposite need it.
    from assistant.cli import service
    from indexer.config import IndexerSettings, load_settings

    places = Places.discover()
    settings = load_settings(places.config_file, IndexerSettings)
    client = IndexerClient(places)
    made = service.service_of(
        places,
        extract_memory_mb=settings.index.extract_memory_mb,
        uses_tmp=client.is_running() and any(map(service.is_in_tmp, client.roots())),
    )
    places.create()
    was_installed, was_written = made.is_installed(), made.is_written()
    if not was_written:
        made.write()
    verb = "updated" if was_installed else "wrote"
    done = f"{made.file} is up to date" if was_written else f"{verb} {made.file}"
    if not made.answers():
        output.write_line(done)
        diagnostics.notice(
            "the system's service manager does not answer here, so the indexer was not started by it",
            hint=f"once you are logged in, run `{' '.join(made.enable[-1])}`",
        )
        return
    is_running = made.is_running()
    if is_running and was_written:
        output.write_line(f"{done}, and the indexer runs; there is nothing to do")
        return
    if not is_running:
        # one that a command started holds the lock: the system's one takes over.
        client.stop()
    service.carry_out(made.restart if is_running else made.enable)
    _wait_for(client)
    output.write_line(f"{done}; the indexer runs, and starts whenever you log in")


@indexer.command(cls=Command)
def uninstall() -> None:
    """Undo `install`; what is indexed stays."""
    # deferred: only this command and its opposite need it.
    from assistant.cli import service

    made = service.service_of(Places.discover())
    if not made.is_installed():
        diagnostics.notice(f"there is no {made.file}, so there is nothing to undo")
        return
    answers = made.answers()
    if answers and (made.is_running() or made.is_kept_when_stopped):
        service.carry_out(made.disable)
    made.delete()
    if answers:
        service.carry_out(made.forget)
    output.write_line(f"deleted {made.file}; from now on the first command that needs the indexer starts it")


def _start_service(places: Places) -> None:
    """Have the system start the daemon where it was installed for this home; else do nothing."""
    # deferred: it knows of all systems.
    from assistant.cli import service

    made = service.installed_for(places)
    if made is not None and made.answers():
        service.carry_out(made.start)
        _wait_for(IndexerClient(places))


def _wait_for(client: IndexerClient) -> None:
    """Wait until a daemon answers that the system starts.

    Raises:
        DaemonError: If none does.
    """
    deadline = time.monotonic() + TAKEN_OVER_S
    while not client.is_running():
        if time.monotonic() > deadline:
            raise DaemonError(
                f"the system has not started the indexer within {TAKEN_OVER_S:.0f} s",
                hint="`kb indexer logs` shows what it said",
            )
        time.sleep(0.05)
