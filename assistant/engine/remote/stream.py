"""The stream of an answer → pieces of thinking and text; pure.

Servers that know their model's marks send thinking in a field of its own; the
others leave the marks in the text, where `reasoning` finds them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assistant.engine.families import known_families
from assistant.engine.reasoning import Splitter
from assistant.engine.remote.dialects import as_count, dig
from assistant.engine.types import Delta, FinishReason
from indexer.errors import EngineError

MOST_LINE_BYTES = 1 << 20
"""No event is longer than this."""

_DIALECTS = [each for each in known_families().dialects.values() if each.opens or each.channel]
"""Those whose outputs show by their beginning what they are."""

_LONE = known_families().dialects["think"]
"""For models whose template opened the thought, of which the server sends only the end."""


def read_events(lines: Iterable[bytes], server: str) -> Iterator[dict[str, Any] | None]:
    """Read server-sent events; `None` is the mark at the end of an answer.

    Raises:
        EngineError: If an event is not what it must be.
    """
    is_error = False
    for line in lines:
        if len(line) >= MOST_LINE_BYTES:
            raise EngineError(f"{server} sent an event of more than {MOST_LINE_BYTES >> 20} MB")
        name, _, data = line.strip().partition(b":")
        if name == b"event":
            is_error = data.strip() == b"error"
        if name not in {b"data", b"error"} or not (data := data.strip()):
            continue
        if data == b"[DONE]":
            yield None
            continue
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise EngineError(f"{server} sent something that is not JSON in the middle of the answer")
        yield {"error": value} if (is_error or name == b"error") and "error" not in value else value
        is_error = False


def error_text(value: Any) -> str:
    """Return what a server says went wrong, in one line; empty if it does not say."""
    for place in (("error", "message"), ("error", "error"), ("error",), ("message",), ("detail",)):
        said = dig(value, *place)
        if isinstance(said, list):
            # FastAPI's list of what is wrong with a request.
            said = dig(said, 0, "msg")
        if isinstance(said, str) and said.strip():
            line = " ".join(said.split())
            return line if len(line) <= 200 else f"{line[:199]}…"
    return ""


class AnswerReader:
    """Puts together one answer from the events of its stream."""

    def __init__(self) -> None:
        self._start = ""
        """The beginning of the text, as long as it may begin with a mark."""

        self._splitter: Splitter | None = None
        self._is_split_there = False
        """Whether the server itself tells thinking from text."""

        self.has_output = False
        self.reason: FinishReason | None = None
        self.prompt_tokens = self.cached_tokens = self.completion_tokens = 0

    def feed(self, event: Mapping[str, Any]) -> list[Delta]:
        """Take an event, or a whole answer of a server that does not stream."""
        if isinstance(usage := event.get("usage"), dict):
            self.prompt_tokens = as_count(usage.get("prompt_tokens"))
            self.completion_tokens = as_count(usage.get("completion_tokens"))
            self.cached_tokens = as_count(dig(usage, "prompt_tokens_details", "cached_tokens"))
        choice = dig(event, "choices", 0)
        said = dig(choice, "delta") or dig(choice, "message")
        deltas: list[Delta] = []
        for field in ("reasoning_content", "reasoning"):
            if isinstance(thought := dig(said, field), str) and thought:
                self._is_split_there = True
                deltas.append(Delta("thinking", thought))
                break
        if isinstance(text := dig(said, "content"), str) and text:
            deltas += self._split(text)
        if isinstance(reason := dig(choice, "finish_reason"), str):
            self.reason = "length" if reason in {"length", "max_tokens"} else "stop"
        self.has_output = self.has_output or bool(deltas)
        return deltas

    def finish(self) -> list[Delta]:
        """Return what was held back, at the end."""
        deltas = self._decided(self._start) if self._splitter is None and self._start else []
        if self._splitter is not None:
            deltas += self._splitter.finish()
        self.has_output = self.has_output or bool(deltas)
        return deltas

    def _split(self, text: str) -> list[Delta]:
        if self._splitter is not None:
            return self._splitter.feed(text)
        if self._is_split_there:
            return [*self.finish(), Delta("text", text)] if self._start else [Delta("text", text)]
        self._start += text
        begun = self._start.lstrip()
        openings = [dialect.opens or dialect.channel for dialect in _DIALECTS]
        if not begun or any(opening.startswith(begun) and opening != begun for opening in openings):
            return []
        return self._decided(self._start)

    def _decided(self, start: str) -> list[Delta]:
        begun = start.lstrip()
        fitting = [each for each in _DIALECTS if begun.startswith(each.opens or each.channel)]
        # the longest mark, where one is the beginning of another.
        dialect = max(fitting, key=lambda each: len(each.opens or each.channel), default=_LONE)
        self._start = ""
        self._splitter = Splitter(dialect)
        return self._splitter.feed(start)
