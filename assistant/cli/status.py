"""`kb status` and `kb files`: what is indexed, and what became of every file."""

import time
from typing import Any

import click

from assistant.cli import diagnostics, options, output
from assistant.cli.diagnostics import Exit
from assistant.cli.group import Command
from assistant.cli.roots import counted, describe, duration
from indexer.client import connect
from indexer.paths import Places
from indexer.types import FileStatus, Progress

_ORDER = [status.value for status in FileStatus]


@click.command(cls=Command)
@options.json_option("one object")
def status(*, as_json: bool) -> None:
    """Say what is indexed, how fresh it is, and what is going on."""
    said = connect(Places.discover()).status()
    if as_json:
        output.write_json(said)
        return
    output.write_table(_rows(said))
    if not said.get("roots"):
        diagnostics.notice("no folder is indexed yet", hint="run `kb add FOLDER`")


@click.command(cls=Command)
@click.option("--state", type=click.Choice(_ORDER), help="Only files in this state.")
@click.option("--in", "within", metavar="PATH", help="Only files in this folder.")
@options.json_option("an array of objects")
def files(state: str | None, within: str | None, *, as_json: bool) -> Exit:
    """List the files kb knows: state, path, and the reason where there is one.

    A file is indexed, partial (with something missing), skipped (by a rule),
    failed (with the error), or pending.
    """
    entries = connect(Places.discover()).files(
        status=FileStatus(state) if state else None,
        under=options.absolute_path(within).resolve() if within else None,
    )
    if as_json:
        output.write_json([entry.to_json() for entry in entries])
    else:
        output.write_table([entry.status.value, str(entry.path), entry.reason] for entry in entries)
    return Exit.ANSWERED if entries else Exit.NOTHING_FOUND


def _rows(said: dict[str, Any]) -> list[tuple[str, str]]:
    counts = said.get("files", {})
    rows = [("indexer", f"{said['state']}, pid {said['pid']}, version {said['version']}")]
    if fault := said.get("fault"):
        rows.append(("fault", fault["message"]))
    progress = Progress.from_json(said["progress"])
    if not progress.is_idle:
        rows.append(("progress", describe(progress)))
    for root in said.get("roots", []):
        rows.append(("folder", f"{root['path']} ({counted(root.get('files', 0), 'file')})"))
        if root.get("is_away"):
            what = "is gone or was emptied at once; nothing of it is forgotten before `kb remove`"
            rows.append(("away", f"{root['path']} {what}"))
        elif reason := root.get("not_watched"):
            rows.append(("not watched", f"{root['path']}: {reason}; it is looked through every 10 minutes"))
    rows.append(("files", ", ".join(f"{counts[key]:,} {key}" for key in _ORDER if counts.get(key)) or "none"))
    rows.append(("chunks", f"{said.get('chunks', 0):,}"))
    if said.get("as_of"):
        rows.append(("as of", f"{duration(time.time() - said['as_of'])} ago"))
    if embedding := said.get("embedding"):
        rows.append(
            (
                "embedding",
                ", ".join(str(embedding[key]) for key in ("model", "device", "dtype") if embedding.get(key)),
            )
        )
    if said.get("memory_mb"):
        rows.append(("memory", f"{said['memory_mb']:,.0f} MB"))
    return rows + [
        ("error", f"{error['path']}: {error['reason']}, {duration(time.time() - error['at'])} ago")
        for error in said.get("last_errors", [])
    ]
