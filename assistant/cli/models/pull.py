"""`kb models pull`: draws what the process that downloads tells."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from assistant.cli import diagnostics, output
from assistant.cli.diagnostics import Interrupted, StatusLine
from assistant.cli.group import Command
from assistant.times import duration
from indexer.errors import UsageError
from indexer.paths import Places

_WINDOW_S = 10.0
"""The rate is that of the last seconds, because networks change their minds."""

_BAR_CHARS = 24
_LINES = 10
"""Where nobody sees a bar, how many lines a whole download gets."""


@click.command(cls=Command)
@click.argument("name")
@click.option("--quant", default="", metavar="NAME", help="Which quantisation to take, as in Q4_K_M.")
def pull(name: str, quant: str) -> None:
    """Download the model NAME from the hub, huggingface.co.

    NAME is a repository (owner/name, or owner/name:Q4_K_M), a file in one
    (owner/name/file.gguf), or the https address of a .gguf file. Of several
    quantisations the largest common one is taken that fits this machine.

    Only this command downloads anything. What was broken off goes on with the
    same command. HF_ENDPOINT names another hub, HF_TOKEN says who you are.
    """
    if not name.strip():
        raise UsageError("an empty name is no model")
    # deferred: starting a process is all that this command and few others do.
    from assistant.engine.pull.starting import pulling

    places = Places.discover()
    places.create()
    drawing = _Drawing()
    events = pulling(places, name, quantisation=quant)
    try:
        with drawing.line, closing(events):
            for event in events:
                drawing.show(event)
    except KeyboardInterrupt:
        raise Interrupted("stopped; the same command goes on from here") from None


class _Drawing:
    """Shows the events of one download: a bar on a terminal, a few lines elsewhere."""

    def __init__(self) -> None:
        self.line = StatusLine()
        self._pace = Pace()
        self._lines_written = 0
        self._is_waiting = False

    def show(self, event: Mapping[str, Any]) -> None:
        """Show one event."""
        match event:
            case {"step": str(step)}:
                self.line.show(step)
            case {"found": dict(found)}:
                self.line.wipe()
                _write_found(found)
                self.line.show("looking whether it is here already…")
            case {"progress": dict(progress)}:
                self._show_progress(progress)
            case {"there": {"path": str(path), "program": str(program)}}:
                self.line.wipe()
                where = "kb's own folder" if program == "kb" else f"the files of {program}"
                diagnostics.notice(
                    f"it is here already, in {where}; nothing was downloaded", hint=_hint(Path(path))
                )
                output.write_line(path)
            case {"saved": {"path": str(path)}}:
                self.line.wipe()
                diagnostics.notice("downloaded", hint=_hint(Path(path)))
                output.write_line(path)
            case _:
                pass

    def _show_progress(self, progress: Mapping[str, Any]) -> None:
        done, total, why = progress["done_bytes"], progress["total_bytes"], progress["waiting_for"]
        pace = self._pace.tell(done, total, is_waiting=bool(why))
        if self.line.is_visible:
            self.line.show(", ".join(filter(None, (bar(done, total), how_far(done, total), pace, why))))
            return
        tenth = _LINES * done // total if total else 0
        if tenth > self._lines_written or (why and not self._is_waiting):
            self._lines_written = max(tenth, self._lines_written)
            diagnostics.notice(", ".join(filter(None, (how_far(done, total), pace, why))))
        self._is_waiting = bool(why)


class Pace:
    """Tells the rate and the time left of what comes in unevenly.

    Args:
        clock: Seconds from some moment on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def tell(self, done: int, total: int, *, is_waiting: bool = False) -> str:
        """Take how far it is, and write the rate and how long it goes on; empty if that is not known yet."""
        if is_waiting:
            # what stands on the disk already came at no rate.
            self._seen.clear()
            return ""
        now = self._clock()
        self._seen.append((now, done))
        while len(self._seen) > 1 and now - self._seen[1][0] > _WINDOW_S:
            self._seen.popleft()
        since, before = self._seen[0]
        if now - since < 1 or done <= before:
            return ""
        rate = (done - before) / (now - since)
        left = f", {duration((total - done) / rate)} left" if total else ""
        return f"{amount(rate)}/s{left}"


def bar(done: int, total: int) -> str:
    """Draw how far a download is; nothing where its size is not known."""
    filled = _BAR_CHARS * min(done, total) // total if total else 0
    return f"{'█' * filled}{'░' * (_BAR_CHARS - filled)} {100 * done // total} %" if total else ""


def how_far(done: int, total: int) -> str:
    """Write how much of a download is here."""
    return f"{amount(done)} of {amount(total)}" if total else amount(done)


def amount(count: float) -> str:
    """Write a number of bytes as download pages do: "340 MB", "4.9 GB"."""
    for size, unit in ((1e9, "GB"), (1e6, "MB")):
        if count >= size:
            return f"{count / size:.{1 if unit == 'GB' else 0}f} {unit}"
    return f"{count / 1e3:.0f} kB"


def _write_found(found: Mapping[str, Any]) -> None:
    licence = found["licence"]
    parts = [found["quantisation"], f"{found['files']} files" if found["files"] > 1 else ""]
    parts.append(amount(found["size_bytes"]) if found["size_bytes"] else "")
    diagnostics.notice(f"{found['source']}: {', '.join(filter(None, parts))}, from {found['host']}")
    if not licence["name"]:
        diagnostics.notice("licence: nothing is said about it")
        return
    link = f", {licence['link']}" if str(licence["link"]).startswith("https://") else ""
    diagnostics.notice(f"licence: {licence['name']} ({licence['allows']}){link}")


def _hint(path: Path) -> str:
    # deferred: only the end of a download needs it.
    from assistant.engine.models import model_name

    return f"`kb models use {model_name(path)}` answers with it"
