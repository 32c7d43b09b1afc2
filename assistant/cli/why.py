"""`kb why`: whether a file can be found, and why it is so."""

import time
from collections.abc import Mapping
from typing import Any

import click

from assistant.cli import options, output, overview
from assistant.cli.diagnostics import Exit
from assistant.cli.group import Command
from assistant.cli.overview import Row
from assistant.times import ahead, counted, moment
from indexer.client import connect
from indexer.errors import UsageError
from indexer.paths import Places

SAID = {
    "outside": "not indexed",
    "away": "away",
    "missing": "not there",
    "left_out": "left out",
    "link": "not indexed",
    "unseen": "new",
    "unreadable": "unreadable",
    "own": "never indexed",
    "folder": "looked through",
}
"""What a state is called that no file of the ledger has."""

PAGES_SHOWN = 20


@click.command(cls=Command)
@click.argument("path", metavar="FILE")
@options.json_option("one object")
def why(path: str, *, as_json: bool) -> Exit:
    """Say whether FILE can be found, and why: its state, the rule or error, since when.

    Names its chunks, pages without text, and when it is tried again; also works
    for a folder. Exits with 1 where nothing of it can be found.
    """
    if not path:
        raise UsageError("an empty name is no file")
    said = connect(Places.discover()).why(options.absolute_path(path))
    if as_json:
        output.write_json(said)
    else:
        output.write_table(rows(said, now=time.time()))
    return Exit.ANSWERED if said["is_findable"] else Exit.NOTHING_FOUND


def rows(said: Mapping[str, Any], *, now: float) -> list[Row]:
    """Return what is known of a path, each fact in one line; pure.

    Args:
        said: What the daemon says.
        now: Seconds since the epoch.
    """
    found: list[Row] = [("path", said["path"])]
    if said["leads_to"]:
        found.append(("leads to", said["leads_to"]))
    state = SAID.get(said["state"], said["state"])
    found.append(("state", state + (f", since {moment(said['since'], now=now)}" if said["since"] else "")))
    if said["reason"]:
        found.append(("reason", said["reason"]))
    if said["root"]:
        found.append(("folder", said["root"] + (" (away)" if said["is_root_away"] else "")))
    if (files := said["files"]) is not None:
        counts = [f"{files[key]:,} {key}" for key in overview.STATES if files.get(key)]
        found.append(("files", ", ".join(counts) or "none"))
    if said["indexed_at"] is not None or said["chunks"]:
        found.append(("chunks", f"{said['chunks']:,}"))
    if pages := said["pages_without_text"]:
        listed = ", ".join(map(str, pages[:PAGES_SHOWN])) + (", …" if len(pages) > PAGES_SHOWN else "")
        found.append(("no text", f"on {'page' if len(pages) == 1 else 'pages'} {listed}"))
    if said["indexed_at"] is not None:
        found.append(("indexed", moment(said["indexed_at"], now=now)))
    if said["state"] == "failed":
        again = "when it changes" if said["retry_at"] is None else ahead(said["retry_at"], now=now)
        found.append(("tried again", f"{again}, after {counted(said['attempts'], 'attempt')}"))
    if said["queue_place"]:
        found.append(("queue", f"{said['queue_place']:,} of {said['queue_length']:,}"))
    if said["waits_for"]:
        again = "" if said["retry_at"] is None else f"; tried again {ahead(said['retry_at'], now=now)}"
        found.append(("stopped", f"{said['waits_for']}{again}"))
    if said["hint"]:
        found.append(("hint", said["hint"]))
    return found
