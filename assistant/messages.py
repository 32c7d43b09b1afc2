"""What a language model is told, turn by turn; apart, as the engine needs nothing more of our vocabulary."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat, as the engine receives it."""

    role: Literal["system", "user", "assistant"]
    content: str
