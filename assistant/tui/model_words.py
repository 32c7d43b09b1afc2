"""What the models screen says of the engine and of the models, in a few words each; pure."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.engine.fit import describe_context, describe_placement
from assistant.models import wording
from assistant.models.layout import Column, lay_out
from assistant.terminal import plain_line
from assistant.tui.library_words import Work
from assistant.tui.state import EngineState

if TYPE_CHECKING:
    from assistant.engine.models import Shelf
    from assistant.engine.models.library import Entry

ANSWERING = frozenset({"chat", "unknown"})
"""Kinds that are listed: a file that cannot be read may be a download that somebody waits for."""

IN_USE, NOT_IN_USE = "● ", "  "
"""Stand before the model that answers, and before the others."""


def engine_work(state: EngineState) -> Work:
    """Say how whoever answers is."""
    model = plain_line(state.model)
    match state.kind:
        case "none":
            return Work("○ no model answers: you get your files' own sentences", "Enter on a model takes it")
        case "asleep":
            return Work(f"○ {model} is not loaded", "the next question loads it")
        case "loading":
            return Work(f"⟳ loading {model}", "", state.share)
        case "failed":
            return Work(f"✗ {model} does not answer", plain_line(state.error))
        case "server":
            where = "REMOTE MODEL: what you ask leaves this machine" if state.is_remote else "on this machine"
            return Work(
                f"⇄ {model} answers, of the model server in [model] url", f"{where}; none below is asked"
            )
        case "ready":
            return Work(f"● {model} is loaded", "; ".join(_loaded(state.said)))


def _loaded(said: "Mapping[str, object]") -> Iterator[str]:
    if "layers" not in said:
        return
    yield plain_line(describe_placement(said))
    yield f"context of {describe_context(said)}"
    taken = said.get("gpu_bytes")
    if isinstance(taken, int) and taken:
        yield f"{wording.size(taken)} of the GPU"


def shown_entries(entries: "Sequence[Entry]", *, is_all: bool) -> "list[Entry]":
    """Return what is listed, in order: what can answer first, what does not load behind it."""
    shown = [entry for entry in entries if is_all or entry.card.kind in ANSWERING]
    return sorted(shown, key=lambda entry: (entry.card.kind not in ANSWERING, entry.loads is False))


def table(entries: "Sequence[Entry]", width: int, *, is_all: bool, is_complete: bool) -> list[str]:
    """Lay out models for a width: a heading, and a line for each.

    Args:
        entries: The models.
        width: Columns there are.
        is_all: Whether models that cannot answer are among them, so that their kind is told.
        is_complete: Whether nothing more is going to be found out of them by itself.
    """
    cards = [entry.card for entry in entries]
    columns = [
        Column("NAME", [plain_line(entry.name) for entry in entries]),
        *([Column("KIND", [card.kind for card in cards], rank=6)] if is_all else []),
        Column("FAMILY", [plain_line(card.family) for card in cards], rank=4),
        Column("PARAMS", [card.size_label for card in cards], is_number=True),
        Column("QUANT", [plain_line(card.quantisation) for card in cards], rank=2),
        Column("CONTEXT", [wording.context(card.context_tokens) for card in cards], is_number=True, rank=3),
        Column("SIZE", [wording.size(card.file.size_bytes) for card in cards], is_number=True),
        Column("RUNS ON", [_runs_on(entry, is_complete=is_complete) for entry in entries]),
        Column("SPEED", [wording.speed(entry) for entry in entries], is_number=True),
        Column("LICENCE", [plain_line(card.licence.allows) if card.heads else "" for card in cards], rank=1),
        Column("FROM", [plain_line(card.file.program) for card in cards], rank=5),
    ]
    return lay_out(columns, width)


def _runs_on(entry: "Entry", *, is_complete: bool) -> str:
    words = wording.runs_on(entry)
    return "trying…" if not is_complete and words in {"not tried", "?"} else words


def nothing_found(shelves: "Sequence[Shelf]", models_dir: Path) -> str:
    """Say what to do where there is no model, and where models were looked for."""
    looked = dict.fromkeys(f"  {shelf.program}: {plain_line(str(shelf.path))}" for shelf in shelves)
    return (
        "There is no model on this machine. Until there is one, kb answers in your files' own sentences.\n\n"
        "To fetch one, run in a shell:\n\n"
        "  kb models pull Qwen/Qwen3-8B-GGUF\n\n"
        f"or put a GGUF file into {plain_line(str(models_dir))}, and press r here.\n\n"
        "Looked for models in:\n" + "\n".join(looked)
    )
