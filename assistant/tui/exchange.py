"""One question and how far its answer is, told by the events of the answer; pure."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from assistant.engine.fit import describe_placement
from assistant.terminal import PlainStream, plain, plain_line
from assistant.times import counted
from assistant.tui.sources import Source, of_citations, of_passages, of_stored
from assistant.tui.state import current
from assistant.types import (
    DOUBT_SIGN,
    Answer,
    AnswerEvent,
    AnswerFinished,
    AnswerText,
    Cited,
    Doubted,
    ModelLoading,
    ModelReady,
    Notice,
    PassagesFound,
    Question,
    Retracted,
    Step,
    Thinking,
    Understood,
    Waiting,
)
from indexer.errors import KbError
from indexer.types import Passage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assistant.history import StoredTurn

Stage = Literal[
    "queued", "searching", "loading", "waiting", "thinking", "writing", "done", "stopped", "failed"
]

RUNNING: frozenset[Stage] = frozenset({"searching", "loading", "waiting", "thinking", "writing"})
"""Stages in which an answer is on its way."""

NOT_FOUND = "not in your files"
OWN_KNOWLEDGE = "the model's own knowledge, not from your files"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What was asked, and what is known of the answer."""

    question: Question
    stage: Stage = "queued"
    doing: str = ""
    """What goes on, in words."""

    searched_for: str = ""
    """The question as it stands by itself, where that is not what was typed."""

    notes: list[str] = field(default_factory=list)
    """What a person should know before they read the answer, a sentence each."""

    afterwards: list[str] = field(default_factory=list)
    """What they should know of it, once it has begun."""

    thoughts: str = ""
    thought_s: float = 0.0
    """How long the model thought; as far as it has ended."""

    text: str = ""
    """The answer as it is shown, with its marks and doubts."""

    found: tuple[Passage, ...] = ()
    """What the search found."""

    cited: tuple[Passage, ...] = ()
    """What stands behind the numbers while the answer is written."""

    sources: tuple[Source, ...] = ()
    """What is shown as sources."""

    answer: Answer | None = None
    """Once it is finished in this session."""

    is_answered: bool = True
    """Whether the files say; that is known at the end."""

    error: KbError | None = None
    by: str = ""
    """What is said of the finished answer: who wrote it, how fast, from what."""

    clock: Callable[[], float] = time.time
    """Seconds since the epoch."""

    _placement: str = ""
    _thinking_since: float | None = None
    _stream: PlainStream = field(default_factory=PlainStream)
    _thought_stream: PlainStream = field(default_factory=PlainStream)

    @classmethod
    def of_stored(cls, turn: "StoredTurn", roots: "Sequence[Path]" = ()) -> "Exchange":
        """Return an exchange as it was kept.

        Args:
            turn: What was kept.
            roots: The folders that are indexed.
        """
        spans = [
            (start, start + len(sentence))
            for sentence in turn.unsupported
            if (start := turn.answer.find(sentence)) >= 0
        ]
        exchange = cls(
            question=Question(text=turn.question, filters=turn.filters),
            stage="done",
            text=plain(_with_signs(turn.answer, [end for _, end in spans])),
            sources=of_stored(turn.sources, roots),
            is_answered=turn.answered,
        )
        if turn.standalone.strip() != turn.question.strip():
            exchange.searched_for = plain_line(turn.standalone)
        if turn.is_own_knowledge:
            exchange.afterwards.append(OWN_KNOWLEDGE)
        asked = time.strftime("%Y-%m-%d %H:%M", time.localtime(turn.asked_at))
        how = _written(turn.model, turn.tokens_per_s, dict(turn.timings_ms)) if turn.answered else []
        exchange.by = " · ".join([*how, asked])
        return exchange

    @property
    def is_running(self) -> bool:
        """Whether the answer is on its way."""
        return self.stage in RUNNING

    @property
    def bare_text(self) -> str:
        """The answer without the signs of doubt."""
        return self.text.replace(f" {DOUBT_SIGN}", "").strip()

    # -- what comes

    def begin(self) -> None:
        """The question is asked now."""
        self.stage, self.doing = "searching", "searching…"

    def take(self, event: AnswerEvent, now: float) -> None:
        """Take note of an event.

        Args:
            event: What happened.
            now: Seconds of any clock that does not go back.
        """
        if not isinstance(event, Thinking):
            self._end_thought(now)
        match event:
            case PassagesFound(passages, _, _):
                self.found = passages
                self._do("waiting", f"reading {counted(len(passages), 'passage')}")
            case Understood(question, _, remarks, is_rewritten):
                self.searched_for = plain_line(question) if is_rewritten else ""
                self._note(*remarks)
            case Step(text, _, _, True):
                self._note(text)
            case Step(text, done, total, False):
                self._do("waiting", text + (f" {done}/{total}" if total else "…"))
            case ModelLoading() | ModelReady() | Waiting():
                self._progress(event)
            case Notice(text):
                self._note(text)
            case AnswerFinished(answer):
                self._finish(answer)
            case _:
                self._written_event(event, now)

    def stop(self, now: float) -> None:
        """The person does not want the answer any more."""
        self._end("stopped", now)

    def fail(self, error: KbError, now: float) -> None:
        """There will be no answer."""
        self.error = error
        self._end("failed", now)

    # -- what is said of it

    def thinking_line(self, now: float) -> str:
        """Say that the model thinks or for how long it did; empty if it did not."""
        if self._thinking_since is not None:
            return f"thinking… {self.thought_s + now - self._thinking_since:.1f} s"
        return f"thought for {self.thought_s:.1f} s" if self.thoughts else ""

    def state_line(self) -> str:
        """Say what goes on, or how it ended; empty where the answer speaks for itself."""
        match self.stage:
            case "queued":
                return "waits for the answer above"
            case "thinking":
                return ""
            case "done":
                return "" if self.is_answered else self._not_found()
            case "stopped":
                return "stopped; the answer is not complete" if self.text else "stopped"
            case "failed":
                assert self.error is not None
                return f"✗ {plain_line(self.error.message)}"
            case _:
                return self.doing

    def _not_found(self) -> str:
        return f"{NOT_FOUND}; nearest:" if self.sources else NOT_FOUND

    # -- taking note

    def _do(self, stage: Stage, what: str) -> None:
        self.stage = stage
        what = plain_line(what)
        self.doing = f"{what} · {self._placement}" if self._placement else what

    def _note(self, *notes: str) -> None:
        known = self.afterwards if self.text.strip() else self.notes
        known.extend(note for note in map(plain_line, notes) if note not in known)

    def _progress(self, event: ModelLoading | ModelReady | Waiting) -> None:
        match event:
            case ModelLoading(model, share):
                self._do("loading", f"loading {model} {share:.0%}")
            case ModelReady(status):
                self._placement = plain_line(describe_placement(status))
                self._do("waiting", self.doing if self.stage == "waiting" else "reading…")
            case Waiting(queued, _) if queued:
                self._do("waiting", f"waiting: {counted(queued, 'answer')} before yours")
            case Waiting(_, share):
                self._do("waiting", f"reading {share:.0%}" if share else "reading…")

    def _written_event(self, event: AnswerEvent, now: float) -> None:
        match event:
            case Thinking(text):
                if self._thinking_since is None:
                    self._thinking_since = now
                self.thoughts += self._thought_stream.feed(text)
                self._do("thinking", "thinking…")
            case Cited(passages):
                self.cited = passages
            case AnswerText(text):
                self.text += self._stream.feed(text)
                self._do("writing", "writing…")
            case Doubted():
                self.text += self._stream.feed(f" {DOUBT_SIGN}")
            case Retracted():
                self.text, self.cited = "", ()
                self._stream = PlainStream()
            case _:
                pass

    def _finish(self, answer: Answer) -> None:
        self.answer, self.is_answered, self.stage = answer, answer.answered, "done"
        self.text = plain(_with_signs(answer.text, [span.end for span in answer.unsupported]))
        self.sources = of_citations(answer.citations) if answer.answered else of_passages(answer.passages)
        if answer.is_own_knowledge:
            self._note(OWN_KNOWLEDGE)
        if answer.unsupported:
            self._note(f"{DOUBT_SIGN} marks what the passages do not say")
        said = _written(answer.model, answer.tokens_per_s, dict(answer.timings_ms)) if answer.answered else []
        if answer.passages and answer.answered:
            said.append(counted(len(answer.passages), "passage"))
        took_ms = answer.timings_ms.get("total", 0.0) - answer.timings_ms.get("search", 0.0)
        searched_at = self.clock() - took_ms / 1000
        self.by = " · ".join([*said, *_current(answer, searched_at)])

    def _end(self, stage: Stage, now: float) -> None:
        self._end_thought(now)
        self.text += self._stream.close()
        self.stage = stage

    def _end_thought(self, now: float) -> None:
        if self._thinking_since is not None:
            self.thought_s += now - self._thinking_since
            self._thinking_since = None


def _with_signs(text: str, ends: list[int]) -> str:
    """Put the sign of doubt behind sentences.

    Args:
        text: The answer.
        ends: Where they end.
    """
    for end in sorted(ends, reverse=True):
        text = f"{text[:end]} {DOUBT_SIGN}{text[end:]}"
    return text


def _written(model: str | None, tokens_per_s: float, timings_ms: dict[str, float]) -> list[str]:
    said = [plain_line(model) if model else "in your files' own words"]
    if model and tokens_per_s:
        said.append(f"{tokens_per_s:.1f} tokens/s")
    if model and "first_token" in timings_ms:
        said.append(f"first token {timings_ms['first_token'] / 1000:.1f} s")
    return said


def _current(answer: Answer, now: float) -> list[str]:
    """Say of which moment the index was, seen from the moment of the search."""
    if not (answer.as_of or answer.pending):
        return []
    kind = "changed file" if answer.as_of else "file"
    waiting = f", {counted(answer.pending, kind)} not in it yet" if answer.pending else ""
    return [f"index {current(answer.as_of, answer.pending, now=now)}{waiting}"]
