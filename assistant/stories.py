"""What is known of one file or folder, as rows of a few words each; pure."""

from collections.abc import Mapping
from typing import Any

from assistant.overview import STATES, Row
from assistant.times import ahead, counted, moment

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


def rows(said: Mapping[str, Any], *, now: float) -> list[Row]:
    """Return what is known of a path, each fact in one line.

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
        counts = [f"{files[key]:,} {key}" for key in STATES if files.get(key)]
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
