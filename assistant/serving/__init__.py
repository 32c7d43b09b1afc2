"""Answers from the user's own files for other programs, in the chat-completions dialect.

Off unless somebody runs `kb engine serve`. It listens on 127.0.0.1 alone, and
whoever asks needs the token; web pages are refused whatever they bring.
"""

from assistant.runs import Writer
from assistant.serving.access import TOKEN_FILE, open_token
from assistant.serving.api import make_app
from assistant.serving.connections import Limits, Server, listening

__all__ = ["TOKEN_FILE", "Limits", "Server", "Writer", "listening", "make_app", "open_token"]
