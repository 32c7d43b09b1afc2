"""How fresh the index is that a result comes from, and waiting until it is fresh."""

import time
from collections.abc import Sequence
from pathlib import Path

from assistant.cli import diagnostics
from assistant.cli.diagnostics import Interrupted, StatusLine
from assistant.times import counted, duration
from indexer.client import IndexerClient

MATTERS_S = 120.0
"""An index that was current so short a time ago is current for a person."""

TOLD_AFTER_S = 3.0
"""Where no line shows the progress, it is told after so long that something is waited for."""


def wait_until_fresh(client: IndexerClient, under: Sequence[Path], line: StatusLine) -> None:
    """Wait until everything that is on disk now can be found.

    Raises:
        Interrupted: If the person does not want to wait any longer.
        KbError: If it cannot be brought up to date.
    """
    started = time.monotonic()
    is_told = line.is_visible
    line.show("looking for changes…")
    try:
        for progress in client.fresh(under=under):
            left = progress.files_total - progress.files_done
            if not left:
                continue
            what = f"waiting until {counted(left, 'changed file')} can be found"
            soon = "" if progress.seconds_left is None else f", {duration(progress.seconds_left)} left"
            line.show(what + soon)
            if not is_told and time.monotonic() - started >= TOLD_AFTER_S:
                diagnostics.notice(what)
                is_told = True
    except KeyboardInterrupt:
        raise Interrupted("not waited for; what changed is being indexed in the background") from None


def mention_freshness(client: IndexerClient, as_of: float, pending: int) -> None:
    """Say of which moment the index is current and how much is missing, where that matters."""
    said = freshness(as_of, pending, now=time.time())
    if said:
        diagnostics.notice(said, hint=_why(client))


def freshness(as_of: float, pending: int, *, now: float) -> str:
    """Return the notice on how fresh a result is; empty where it is as good as the present.

    Args:
        as_of: Of which moment the index was current, in seconds since the epoch; 0 if that is not known.
        pending: Files that could not be found yet.
        now: Seconds since the epoch.
    """
    if not pending and now - as_of <= MATTERS_S:
        return ""
    missing = f", {counted(pending, 'file')} pending" if pending else ""
    if not as_of:
        return f"the index is not complete yet{missing}"
    is_today = time.localtime(as_of)[:3] == time.localtime(now)[:3]
    then = time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M", time.localtime(as_of))
    return f"index current as of {then}{missing}"


def _why(client: IndexerClient) -> str:
    """Say what keeps the index from becoming current; empty where it is only being worked on."""
    said = client.status()
    if fault := said.get("fault"):
        return f"indexing has stopped: {fault['message']}"
    if why := said.get("paused_why"):
        return f"indexing is paused {why}; `kb indexer resume` goes on"
    return ""
