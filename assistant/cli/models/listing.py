"""`kb models list`: what stands on this machine, and what of it can answer."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from assistant.cli import diagnostics, options, output, screen
from assistant.cli.diagnostics import Exit, StatusLine, is_terminal
from assistant.cli.group import Command
from assistant.engine.models.files import unreadable_shelves
from assistant.models import wording
from assistant.models.layout import Column, lay_out
from assistant.terminal import plain_line

if TYPE_CHECKING:
    from assistant.engine.models import ModelFile
    from assistant.engine.models.library import Entry
    from assistant.models.surroundings import Surroundings

_ANSWERING = {"chat", "unknown"}
"""A file that cannot be read may be a download that somebody waits for."""

_MOST_TROUBLES = 5
_MARKED, _UNMARKED = "* ", "  "
"""Stand before the model that answers, and before the others."""


@click.command("list", cls=Command)
@click.option("--all", "is_all", is_flag=True, help="List what cannot answer as well: embedding models …")
@options.json_option("an array of objects")
def list_(*, is_all: bool, as_json: bool) -> Exit:
    """List the models on this machine, whichever program keeps them.

    RUNS ON says where a model fits with the memory that is free now. A file that
    was not seen before is tried with llama.cpp first, in a process of its own.
    """
    # deferred: settings and library take longer to import than help takes to print.
    from assistant.models.surroundings import Surroundings

    around = Surroundings.discover()
    files = around.files()
    _mention_closed(around)
    if not files:
        if as_json:
            output.write_json([])
        diagnostics.notice(
            f"there is no GGUF file in {around.places.models_dir}, nor where other programs keep theirs",
            hint="fetch one with `kb models pull OWNER/NAME`, put one there, or name its folder under"
            " [model] folders (`kb config edit`)",
        )
        return Exit.NOTHING_FOUND
    library = around.library()
    with StatusLine() as line:
        entries = library.entries(files, on_progress=line.show, free_again_bytes=around.held_gpu_bytes())
    if library.trouble:
        diagnostics.notice(library.trouble.message, hint=library.trouble.hint)
    shown = [entry for entry in entries if is_all or entry.card.kind in _ANSWERING]
    shown.sort(key=lambda entry: (entry.card.kind not in _ANSWERING, entry.loads is False))
    configured = around.configured()
    if as_json:
        output.write_json([{**entry.to_json(), "is_configured": _is(configured, entry)} for entry in shown])
    else:
        _write(shown, configured, is_all=is_all)
        _mention(entries, shown, configured)
    if around.settings.model.url:
        diagnostics.notice(
            "questions are answered by the model server at [model] url, and by none of these",
            hint="`kb doctor` says which one that is",
        )
    return Exit.ANSWERED if shown else Exit.NOTHING_FOUND


def _write(entries: Sequence["Entry"], configured: "ModelFile | None", *, is_all: bool) -> None:
    columns = _columns(entries, is_all=is_all)
    if not screen.has_screen():
        cells = zip(*(column.cells for column in columns), strict=True)
        output.write_table(
            [*row, str(entry.card.file.path)] for row, entry in zip(cells, entries, strict=True)
        )
        return
    if not entries:
        return
    heading, *rows = lay_out(columns, screen.width() - len(_UNMARKED))
    output.write_row(_UNMARKED + heading, style="dim")
    for entry, row in zip(entries, rows, strict=True):
        if _is(configured, entry):
            output.write_row(_MARKED + row, style="bold")
        else:
            output.write_row(_UNMARKED + row, style="dim" if entry.loads is False else "")


def _columns(entries: Sequence["Entry"], *, is_all: bool) -> list[Column]:
    cards = [entry.card for entry in entries]
    return [
        Column("NAME", [plain_line(entry.name) for entry in entries]),
        *([Column("KIND", [card.kind for card in cards])] if is_all else []),
        Column("FAMILY", [card.family for card in cards], rank=4),
        Column("PARAMS", [card.size_label for card in cards], is_number=True),
        Column("QUANT", [card.quantisation for card in cards], rank=2),
        Column("CONTEXT", [wording.context(card.context_tokens) for card in cards], is_number=True, rank=3),
        Column("SIZE", [wording.size(card.file.size_bytes) for card in cards], is_number=True),
        Column("RUNS ON", [wording.runs_on(entry) for entry in entries]),
        Column("SPEED", [wording.speed(entry) for entry in entries], is_number=True),
        Column("LICENCE", [card.licence.allows if card.heads else "" for card in cards], rank=1),
        Column("FROM", [card.file.program for card in cards], rank=5),
    ]


def _is(configured: "ModelFile | None", entry: "Entry") -> bool:
    return configured is not None and configured.path == entry.card.file.path


def _mention_closed(around: "Surroundings") -> None:
    """Say of places that may not be read whose they are."""
    for shelf in unreadable_shelves(around.shelves):
        diagnostics.notice(f"the models of {shelf.program} in {shelf.path} may not be read by you")


def _mention(entries: Sequence["Entry"], shown: Sequence["Entry"], configured: "ModelFile | None") -> None:
    """Say what the table leaves open."""
    broken = [entry for entry in shown if entry.loads is False]
    for entry in broken[:_MOST_TROUBLES]:
        diagnostics.notice(f"{entry.name} does not load: {entry.trouble}")
    if len(broken) > _MOST_TROUBLES:
        diagnostics.notice(f"{len(broken) - _MOST_TROUBLES} more do not load; `kb models info NAME` says why")
    if any(entry.loads is None for entry in shown if entry.card.kind in _ANSWERING):
        diagnostics.notice("what was not tried yet is tried the next time")
    if not is_terminal(sys.stderr.fileno()):
        return
    if hidden := len(entries) - len(shown):
        diagnostics.notice(f"{hidden} more cannot answer; `kb models list --all` shows them")
    if configured is None and shown:
        diagnostics.notice("none of them is chosen yet", hint="`kb models use NAME` takes one")
