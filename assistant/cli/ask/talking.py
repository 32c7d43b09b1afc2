"""The conversation that a question from the shell belongs to."""

from assistant.cli import diagnostics
from assistant.conversations import Talk
from assistant.errors import HistoryError
from assistant.types import Answer, Question


def keep(talk: Talk, question: Question, answer: Answer) -> None:
    """Keep a turn; where that fails the answer stands all the same, and why is said."""
    try:
        talk.keep(question, answer)
    except HistoryError as error:
        diagnostics.notice(f"this answer is not kept: {error.message}", hint=error.hint)
