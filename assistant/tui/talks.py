"""Past conversations, as they are listed and read; pure."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from textual.content import Content

from assistant.conversations import excerpt
from assistant.history import Conversation, Found, StoredTurn
from assistant.terminal import plain, plain_line
from assistant.times import ago, counted
from assistant.tui.found import Wanted

MUTED = "dim"

MOST_NAMED = 5
"""Titles that are named before their conversations are deleted."""

MOST_TURNS = 40
"""Turns that are shown of one conversation; the others are counted."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in the list."""

    conversation: Conversation
    turn: int | None = None
    """Which of its turns holds what was searched for, from 1; `None` where nothing was."""

    said: str = ""
    """The piece of that turn, on one line."""


def listed(conversations: Sequence[Conversation]) -> list[Listed]:
    """List conversations as they are."""
    return [Listed(each) for each in conversations]


def grouped(found: Sequence[Found], text: str) -> list[Listed]:
    """List the conversations of turns that were found, each once, with its best turn."""
    best: dict[int, Found] = {}
    for each in found:
        best.setdefault(each.conversation.id, each)
    return [
        Listed(each.conversation, each.number, f"{each.turn.question} — {excerpt(each.turn, text)}")
        for each in best.values()
    ]


def label(one: Listed, wanted: Wanted, *, is_marked: bool, now: float) -> Content:
    """Return the entry of a conversation: title, age, questions, and what was found in it."""
    conversation = one.conversation
    mark = Content.styled("✓ ", "bold") if is_marked else Content("  ")
    head = mark + Content.styled(plain_line(conversation.title), "bold")
    age = f"{ago(conversation.updated_at, now=now)} · {counted(conversation.turns, 'question')}"
    line = head + "\n  " + Content.styled(age, MUTED)
    return line + "\n  " + _marked(plain_line(one.said), wanted) if one.said else line


def reading(turn: StoredTurn, wanted: Wanted) -> Content:
    """Return a turn as it is read: question, answer, sources; words that are wanted are marked."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(turn.asked_at))
    question = Content("› ") + _marked(plain_line(turn.question), wanted)
    parts = [question.stylize_before("bold") + Content.styled(f"  {when}", MUTED)]
    parts.append(_marked(plain(turn.answer).strip() if turn.answered else "not in your files", wanted))
    if turn.sources:
        parts.append(Content.styled("\n".join(_sources(turn)), MUTED))
    return Content("\n\n").join(parts)


def lost(conversations: Sequence[Conversation]) -> str:
    """Say what is lost when conversations are deleted."""
    turns = sum(each.turns for each in conversations)
    titles = "\n".join(f"“{plain_line(each.title)}”" for each in conversations[:MOST_NAMED])
    more = len(conversations) - MOST_NAMED
    others = f"\nand {more:,} more" if more > 0 else ""
    answers = "its answer" if turns == 1 else "their answers"
    return (
        f"{titles}{others}\n\n{counted(turns, 'question')} and {answers} are overwritten on the disk."
        " Nothing brings them back. What the model keeps of its last prompt goes too; your files stay."
    )


def shown_turns(count: int, found: int | None) -> tuple[int, int]:
    """Return which turns are shown, from 1 and half-open: the latest, or those around one that was found."""
    last = count + 1
    if found is not None and found <= count - MOST_TURNS:
        first = max(1, found - MOST_TURNS // 2)
        return first, min(last, first + MOST_TURNS)
    return max(1, last - MOST_TURNS), last


def _sources(turn: StoredTurn) -> list[str]:
    lines = []
    for number, group in groupby(turn.sources, key=lambda one: one.n):
        cited = list(group)
        wheres = dict.fromkeys(where for one in cited if (where := one.locator.describe()))
        place = f", {'; '.join(wheres)}" if wheres else ""
        lines.append(f"[{number}] {plain_line(cited[0].path.name)}{place}")
    return lines


def _marked(text: str, wanted: Wanted) -> Content:
    content = Content(text)
    for start, end in wanted.spans(text):
        content = content.stylize("bold underline", start, end)
    return content
