"""A conversation as every face holds it: what was said, and where it is kept.

Faces ask with `question`, draw the events, and hand the finished answer to
`keep`; what of it becomes history is decided here, so that they cannot disagree.
An answer that was broken off never comes here, and so is not kept.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from assistant.types import Answer, Question, Turn
from indexer.errors import UsageError
from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.config import HistorySettings
    from assistant.history import Conversation, History, StoredTurn

EXCERPT_CHARS = 160

MOST_TURNS = 20
"""The latest turns are what a follow-up may lean on."""

DAY_S = 86_400


class Talk:
    """One conversation that goes on.

    Args:
        open_history: Opens where it is kept, at the first turn to keep; `None` keeps nothing, as in
            private mode.
        keep_days: Conversations whose last question is older are deleted; 0 keeps them for good.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        open_history: "Callable[[], History] | None",
        *,
        keep_days: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.conversation: int | None = None
        """Its id in the history; `None` until a turn of it is kept."""

        self._open_history = open_history
        self._keep_days = keep_days
        self._clock = clock
        self._history: History | None = None
        self._turns: tuple[Turn, ...] = ()

    @classmethod
    def resume(
        cls,
        history: "History",
        conversation: int | None = None,
        *,
        is_private: bool = False,
        keep_days: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Go on with a conversation that is kept.

        Args:
            history: Where it is kept.
            conversation: Its id; `None` for that in which the last question was asked.
            is_private: Whether what is said from now on is not kept.
            keep_days: As for a new one.
            clock: Seconds since the epoch.

        Raises:
            UsageError: If there is no such conversation.
            HistoryError: If the history cannot be read.
        """
        found = find(history, conversation)
        talk = cls(None if is_private else lambda: history, keep_days=keep_days, clock=clock)
        talk.conversation = found.id
        talk._turns = tuple(turn.as_turn() for turn in history.turns(found.id, latest=MOST_TURNS))
        return talk

    def question(self, asked: Question) -> Question:
        """Return a question together with what was said before it."""
        return replace(asked, turns=self._turns)

    def take_back(self) -> None:
        """Leave the last turn out of what follow-ups may lean on; what is kept of it stays."""
        self._turns = self._turns[:-1]

    def keep(self, question: Question, answer: Answer) -> None:
        """Remember a turn, and keep it where the conversation is kept.

        Raises:
            HistoryError: If it cannot be kept; the conversation goes on all the same.
        """
        typed, searched_for = question.text.strip(), answer.question or question.text.strip()
        cited = tuple(dict.fromkeys(citation.passage.path for citation in answer.citations))
        turn = Turn(
            question=typed, standalone=searched_for, answer=answer.text, sources=cited, filters=answer.filters
        )
        self._turns = (*self._turns, turn)[-MOST_TURNS:]
        if self._open_history is None:
            return
        if self._history is None:
            self._history = self._open_history()
        now = self._clock()
        self.conversation = self._history.add(_stored(turn, answer, now), self.conversation)
        if self._keep_days:
            self._history.delete_older(now - self._keep_days * DAY_S)


def open_talk(
    places: Places,
    settings: "HistorySettings",
    *,
    is_continued: bool = False,
    conversation: int | None = None,
    is_private: bool = False,
) -> Talk:
    """Go on with the conversation that is asked for, or begin one.

    Args:
        places: Where the history stands.
        settings: Whether and for how long it is kept.
        is_continued: Whether to go on with the last one.
        conversation: The one to go on with, by its id.
        is_private: Whether nothing of this question is kept.

    Raises:
        UsageError: If there is no such conversation.
        HistoryError: If it is to go on and cannot be read.
    """
    keeps = settings.keep and not is_private
    if is_continued or conversation is not None:
        # deferred: only who goes on needs sqlite3 before the answer is there.
        from assistant.history import History

        places.create()
        return Talk.resume(
            History.open(places.history_file),
            conversation,
            is_private=not keeps,
            keep_days=settings.keep_days,
        )

    def open_history() -> "History":
        # deferred: the answer is on the screen before sqlite3 is loaded.
        from assistant.history import History

        return History.open(places.history_file)

    return Talk(open_history if keeps else None, keep_days=settings.keep_days)


def _stored(turn: Turn, answer: Answer, now: float) -> "StoredTurn":
    """Return what is kept of a turn."""
    # deferred: sqlite3 is not loaded by who keeps nothing, nor before the answer is there.
    from assistant.history import Source, StoredTurn

    return StoredTurn(
        question=turn.question,
        standalone=turn.standalone,
        answer=turn.answer,
        answered=answer.answered,
        sources=tuple(
            Source(n=one.n, path=one.passage.path, locator=one.locator, quote=one.quote)
            for one in answer.citations
        ),
        filters=turn.filters,
        model=answer.model,
        timings_ms=answer.timings_ms,
        tokens_per_s=answer.tokens_per_s,
        unsupported=tuple(answer.text[span.start : span.end] for span in answer.unsupported),
        is_own_knowledge=answer.is_own_knowledge,
        asked_at=now,
    )


def find(history: "History", conversation: int | None = None) -> "Conversation":
    """Return the conversation of an id, or that in which the last question was asked.

    Raises:
        UsageError: If there is none.
        HistoryError: If the history cannot be read.
    """
    found = history.latest() if conversation is None else history.conversation(conversation)
    if found is not None:
        return found
    if conversation is None:
        raise UsageError("there is no conversation yet", hint='begin one: `kb ask "…"`')
    raise UsageError(f"there is no conversation {conversation}", hint="`kb history list` shows them all")


def excerpt(turn: "StoredTurn", text: str) -> str:
    """Return the piece of an answer in which the first of the words looked for stands, on one line."""
    answer = " ".join(turn.answer.split())
    if not turn.answered:
        return "not in your files"
    words = [word.casefold() for word in text.split()]
    places = [at for word in words if (at := answer.casefold().find(word)) >= 0]
    start = max(0, min(places, default=0) - EXCERPT_CHARS // 4)
    piece = answer[start : start + EXCERPT_CHARS]
    return ("…" if start else "") + piece + ("…" if start + EXCERPT_CHARS < len(answer) else "")


def forget(history: "History", conversations: "Sequence[Conversation] | None", places: Places) -> int:
    """Delete conversations so that nothing of them is left on the disk, and return how many there were.

    What the model keeps of its last prompt goes too, and with it the process that holds the model.

    Args:
        history: Where they are kept.
        conversations: Which; `None` for all of them.
        places: Where the model keeps its last prompt.

    Raises:
        HistoryError: As `History.delete`.
    """
    # deferred: only who deletes needs the engine's client.
    from assistant.engine.client import forget_prompts

    count = (
        history.delete_all() if conversations is None else history.delete([one.id for one in conversations])
    )
    forget_prompts(places)
    return count
