"""Turns and conversations ↔ rows of the history; pure."""

import json
from collections.abc import Sequence
from typing import Any

from assistant.history.types import Conversation, Source, StoredTurn
from indexer.types import Filters

TURN = "question, standalone, answer, more, asked_at"
"""The columns of a turn."""

TITLE_CHARS = 100
"""Longest title that is taken from a question."""


def title_of(text: str) -> str:
    """Return a title of one line."""
    line = " ".join(storable(text).split())
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rstrip() + "…"


def storable(text: str) -> str:
    """Return text that can be stored: halves of characters are none."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def to_row(turn: StoredTurn) -> tuple[Any, ...]:
    """Write a turn in the order of `TURN`."""
    more = turn.to_json()
    for column in ("question", "standalone", "answer", "asked_at"):
        del more[column]
    texts = map(storable, (turn.question, turn.standalone, turn.answer))
    # as ASCII, so that paths that are no text are kept as they are.
    return *texts, json.dumps(more, ensure_ascii=True), turn.asked_at


def from_row(row: Sequence[Any]) -> StoredTurn:
    """Read what `to_row` wrote."""
    question, standalone, answer, more_json, asked_at = row
    more = json.loads(more_json)
    return StoredTurn(
        question=question,
        standalone=standalone,
        answer=answer,
        answered=more["answered"],
        sources=tuple(map(Source.from_json, more["sources"])),
        filters=Filters.from_json(more["filters"]),
        model=more["model"],
        timings_ms=more["timings_ms"],
        # of turns that were kept before it was noted there is none.
        tokens_per_s=more.get("tokens_per_s", 0.0),
        unsupported=tuple(more["unsupported"]),
        is_own_knowledge=more["is_own_knowledge"],
        asked_at=asked_at,
    )


def conversation_of(row: Sequence[Any]) -> Conversation:
    """Read a row of conversation, time of the last turn, and number of turns."""
    identifier, title, begun_at, updated_at, turns = row
    return Conversation(id=identifier, title=title, begun_at=begun_at, updated_at=updated_at, turns=turns)
