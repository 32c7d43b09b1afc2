"""Conversations that were had, in one SQLite file; nobody else opens it.

Several processes may use it at once. What is deleted is overwritten, so that
its bytes are gone from the file.
"""

from assistant.history.database import History
from assistant.history.markdown import to_markdown
from assistant.history.types import Conversation, Found, Source, StoredTurn

__all__ = ["Conversation", "Found", "History", "Source", "StoredTurn", "to_markdown"]
