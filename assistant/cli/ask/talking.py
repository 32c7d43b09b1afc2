"""The conversation that a question from the shell belongs to."""

from typing import TYPE_CHECKING

from assistant.cli import diagnostics
from assistant.config import HistorySettings
from assistant.conversations import Talk
from assistant.errors import HistoryError
from assistant.types import Answer, Question
from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.history import History


def open_talk(
    places: Places,
    settings: HistorySettings,
    *,
    is_continued: bool,
    conversation: int | None,
    is_private: bool,
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


def keep(talk: Talk, question: Question, answer: Answer) -> None:
    """Keep a turn; where that fails the answer stands all the same, and why is said."""
    try:
        talk.keep(question, answer)
    except HistoryError as error:
        diagnostics.notice(f"this answer is not kept: {error.message}", hint=error.hint)
