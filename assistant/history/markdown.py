"""Conversations as a Markdown document; pure."""

import time
from collections.abc import Sequence
from itertools import groupby

from assistant.history.types import Conversation, Source, StoredTurn


def to_markdown(conversation: Conversation, turns: Sequence[StoredTurn]) -> str:
    """Write a conversation: each question as a heading, its answer below, then what was cited.

    Args:
        conversation: Gives title and time.
        turns: Oldest first.
    """
    count = "1 question" if len(turns) == 1 else f"{len(turns)} questions"
    parts = [f"# {_line(conversation.title)}", f"{_moment(conversation.begun_at)} · {count}"]
    for turn in turns:
        parts.append(f"## {_line(turn.question)}")
        if turn.standalone != turn.question:
            parts.append(f"*Searched for: {_line(turn.standalone)}*")
        parts.append(turn.answer.strip() if turn.answered else "*Not in your files.*")
        if turn.is_own_knowledge:
            parts.append("*From the model's own knowledge, not from your files.*")
        if turn.unsupported:
            parts.append(
                "*No cited passage says:*\n\n" + "\n".join(f"- {_line(one)}" for one in turn.unsupported)
            )
        if turn.sources:
            parts.append("\n".join(_sources(turn.sources)))
        by = f"by {turn.model}" if turn.model else "in the files' own words"
        parts.append(f"*{_moment(turn.asked_at)}, {by}*" if turn.answered else f"*{_moment(turn.asked_at)}*")
    return "\n\n".join(parts) + "\n"


def _sources(sources: Sequence[Source]) -> list[str]:
    """List what was cited: a line per number, its quotes below."""
    lines: list[str] = []
    for number, group in groupby(sources, key=lambda source: source.n):
        cited = list(group)
        wheres = dict.fromkeys(where for one in cited if (where := one.locator.describe()))
        # a path that is not text is shown with marks for what cannot be written.
        path = str(cited[0].path).encode("utf-8", "replace").decode("utf-8")
        lines.append(f"- \\[{number}\\] `{_line(path)}`" + (f", {'; '.join(wheres)}" if wheres else ""))
        lines.extend(f"  > {_line(quote)}" for quote in dict.fromkeys(one.quote for one in cited) if quote)
    return lines


def _line(text: str) -> str:
    return " ".join(text.split())


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
