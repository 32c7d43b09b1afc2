"""Raw model output → thinking and answer; pure and incremental.

Marks count only where models put them: a thought is opened before any answer
text, so an answer may quote `<think>` without vanishing. What could be the
beginning of a mark is held back until it is decided.
"""

import re
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.engine.types import Delta, Kind

_LONGEST_HEAD_CHARS = 64
"""A longer head of a channel is none: the model writes plain text."""

_HEAD_PART = re.compile(r"\s*(assistant)?\s*(to=\S*)?\s*")
"""What the beginning of a head may look like where a model was cut off in it."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How models mark their thinking: by a pair of marks, or by channels whose heads say what follows."""

    opens: str = ""
    closes: str = ""
    name: str = ""
    closing: str = ""
    """Ends a thought that is cut short, and begins the answer."""

    answer: str = ""
    """What stands before an answer that no thought goes before."""

    wraps: tuple[str, ...] = ()
    """Marks around the answer, which are nothing to read."""

    channel: str = ""
    """Begins the head of a stretch."""

    bodies: Mapping[str, str] = field(default_factory=dict)
    """What a head is followed by, and what comes then: "thinking", "text", or "head", which lets it say."""

    ends: tuple[str, ...] = ()
    """Marks that end a stretch."""

    answers: re.Pattern[str] = re.compile("")
    """What heads of answers look like."""

    prompts: str = ""
    """What a prompt ends with when the output begins with a head."""

    closes_unopened: bool = True
    """Whether a closing mark alone says that everything before it was thinking."""

    @property
    def marks(self) -> tuple[str, ...]:
        """Every mark that the output may hold."""
        marks = (self.opens, self.closes, *self.wraps, self.channel, *self.bodies, *self.ends)
        return tuple(mark for mark in marks if mark)


@dataclass(frozen=True, slots=True)
class Call:
    """How a template marks the call of a tool."""

    opens: str
    closes: str = ""
    """Empty where it goes on to the end of the output."""

    @property
    def is_unmistakable(self) -> bool:
        """Whether nobody would write the mark in an answer, so that it counts anywhere."""
        return self.opens.startswith("[") or "|" in self.opens or "｜" in self.opens


class _Marks:
    """Marks to look for together."""

    def __init__(self, marks: Iterable[str]) -> None:
        self._marks = tuple(sorted(marks, key=len, reverse=True))
        self._beginning = re.compile(f"[{re.escape(''.join({mark[0] for mark in self._marks}))}]")
        self.pattern = re.compile("|".join(map(re.escape, self._marks)))
        """Finds the first mark, of those that begin there the longest."""

    def undecided(self, text: str) -> int:
        """Return the length of the longest end of a text that a mark may begin with."""
        start = max(0, len(text) - len(self._marks[0]) + 1)
        while found := self._beginning.search(text, start):
            start = found.start()
            if any(mark.startswith(text[start:]) for mark in self._marks):
                return len(text) - start
            start += 1
        return 0


class Splitter:
    """Splits one answer's raw text as it arrives.

    Args:
        dialect: The model's dialect.
        is_open: Whether the prompt itself opened a thought.
        is_answer: Whether the prompt ends where an answer begins, any thought behind it.
        is_head: Whether the output begins with the head of a channel.
        is_literal: Whether everything is answer, whatever it looks like, because a grammar wrote it.
        calls: Calls of tools that the model may try; nobody answers them, and they are no part of the answer.
        stops: Texts that end the answer.
        ends: Control tokens that end it; the same text, spelled in an answer, does not.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        is_open: bool = False,
        is_answer: bool = False,
        is_head: bool = False,
        is_literal: bool = False,
        calls: Sequence[Call] = (),
        stops: Sequence[str] = (),
        ends: Collection[str] = (),
    ) -> None:
        self._dialect = dialect
        self._calls = {} if is_literal else {call.opens: call for call in calls}
        self._stops = () if is_literal else tuple(stops)
        self._ends = ends
        self._is_literal = is_literal
        self._kind: Kind | None = "thinking" if is_open else None if is_head else "text"
        """What the text at hand is; `None` for a channel's head, which nobody sees."""

        self._held = ""
        """The end of what came, as long as it may be the beginning of a mark."""

        self._has_answer = False
        """Whether answer text, white space aside, was sent."""

        self._has_thought = is_open or is_answer
        """Whether the thought is known by now, so that no mark can say anything of what was sent."""

        self._head = ""
        """The head of a channel, as far as it came."""

        self._call: Call | None = None
        """The call of a tool that is being written."""

        self._is_fresh = True
        """Whether nothing was sent of this stretch yet; its leading white space is left out."""

        self._is_ended = False
        self._is_stopped = False
        """Whether a text ended the answer, so that what is held back is no part of it."""

        self._marks: dict[Hashable, _Marks | None] = {}
        """What means something in each state; put together once, because it is asked for every token."""

    @property
    def is_thinking(self) -> bool:
        """Whether what comes next belongs to a thought, as far as is decided."""
        return self._kind == "thinking" and self._call is None

    @property
    def is_ended(self) -> bool:
        """Whether what ends the answer came; whatever follows is left out."""
        return self._is_ended

    def end_at(self, control: str) -> bool:
        """Take a control token that comes next, if it ends the answer; says whether it does."""
        if control not in self._ends:
            return False
        self._is_ended = True
        return True

    @property
    def marks(self) -> tuple[str, ...]:
        """Everything that is looked for in the output."""
        if self._is_literal:
            return ()
        calls = (mark for call in self._calls.values() for mark in (call.opens, call.closes) if mark)
        return (*self._dialect.marks, *calls, *self._stops)

    def feed(self, text: str) -> list[Delta]:
        """Take the next text and return what is decided by now."""
        deltas: list[Delta] = []
        self._held += text
        while self._held and not self._is_ended:
            marks = self._marks_here()
            if marks is not None and (found := marks.pattern.search(self._held)):
                if at := found.start():
                    # what stands before a mark may decide that it is none.
                    self._send(self._held[:at], deltas)
                    self._held = self._held[at:]
                else:
                    self._held = self._held[found.end() :]
                    self._cross(found[0], deltas)
                continue
            keep = marks.undecided(self._held) if marks is not None else 0
            self._send(self._held[: len(self._held) - keep], deltas)
            self._held = self._held[len(self._held) - keep :]
            break
        return deltas

    def finish(self) -> list[Delta]:
        """Return what was held back, at the end of the output."""
        deltas: list[Delta] = []
        if not self._is_stopped:
            self._send(self._held, deltas)
            if self._kind is None and not self._has_thought and not _HEAD_PART.fullmatch(self._head):
                # there was no mark at all: the model knows nothing of channels.
                self._kind = "text"
                self._send(self._head, deltas)
        self._held = self._head = ""
        return deltas

    def _marks_here(self) -> _Marks | None:
        """Return the marks that mean something at this place; `None` where nothing does."""
        state = (self._kind, self._call, self._has_answer, self._has_thought)
        if state not in self._marks:
            marks = [] if self._is_literal else [*self._list_marks()]
            self._marks[state] = _Marks(marks) if marks else None
        return self._marks[state]

    def _list_marks(self) -> Iterator[str]:
        yield from self._stops
        if self._call is not None:
            if self._call.closes:
                yield self._call.closes
            return
        if self._kind != "thinking":
            begins = self._kind == "text" and not self._has_answer
            yield from (opens for opens, call in self._calls.items() if begins or call.is_unmistakable)
        yield from self._marks_of_channels() if self._dialect.bodies else self._marks_of_pairs()

    def _marks_of_channels(self) -> Iterator[str]:
        dialect = self._dialect
        yield from dialect.ends
        # an answer may quote marks, once it is known to be one.
        if dialect.channel and not (self._kind == "text" and self._has_thought):
            yield dialect.channel
        if self._kind is None or not self._has_thought:
            yield from dialect.bodies

    def _marks_of_pairs(self) -> Iterator[str]:
        dialect = self._dialect
        if self._kind == "thinking":
            yield dialect.closes
            return
        yield from dialect.wraps
        if not self._has_answer:
            yield dialect.opens
            yield dialect.closes
        # an answer may quote marks; with no thought seen yet, one that closes shows that all was thinking.
        elif dialect.closes_unopened and not self._has_thought:
            yield dialect.closes

    def _cross(self, mark: str, deltas: list[Delta]) -> None:
        """Change over at a mark."""
        dialect = self._dialect
        if mark in self._stops:
            self._is_ended = self._is_stopped = True
            return
        if mark in dialect.wraps:
            self._is_fresh = self._is_fresh or not self._has_answer
            return
        self._is_fresh = True
        if self._call is not None:
            self._call = None
            self._kind = "text"
        elif mark in self._calls:
            self._call = self._calls[mark]
            self._kind = "thinking"
        elif mark in dialect.bodies:
            kind = dialect.bodies[mark]
            is_answer = kind == "text" or (kind == "head" and dialect.answers.fullmatch(self._head.strip()))
            self._kind = "text" if is_answer else "thinking"
            self._has_thought = True
        elif dialect.bodies:
            self._kind = None
            self._head = ""
            self._has_thought = True
        elif mark == dialect.opens:
            self._kind = "thinking"
            self._has_thought = True
        else:
            if self._kind == "text" and self._has_answer:
                deltas.append(Delta("retract", ""))
            self._kind = "text"
            self._has_answer = False
            self._has_thought = True

    def _send(self, text: str, deltas: list[Delta]) -> None:
        if self._kind is None:
            self._head += text
            if len(self._head) <= _LONGEST_HEAD_CHARS:
                return
            # no head: of a model that knows nothing of channels, or of a thought that quotes their marks.
            self._kind = "thinking" if self._has_thought else "text"
            text, self._head = self._head, ""
        if self._is_fresh:
            text = text.lstrip()
        if not text:
            return
        self._is_fresh = False
        if self._kind == "text":
            self._has_answer = True
        if deltas and deltas[-1].kind == self._kind:
            deltas[-1] = Delta(self._kind, deltas[-1].text + text)
        else:
            deltas.append(Delta(self._kind, text))


def without_thinking(text: str, dialect: Dialect) -> str:
    """Return the answer in a whole output, as others may keep it; empty where it is nothing but a thought.

    An answer that merely quotes marks is left as it is. So a mark that closes what nothing opened counts only
    at the end of a line, where models put it.
    """
    begins = tuple(mark for mark in (dialect.opens, dialect.channel, *dialect.bodies) if mark)
    if not text.lstrip().startswith(begins) and not (dialect.closes and f"{dialect.closes}\n" in text):
        return text
    answer = ""
    splitter = Splitter(dialect)
    for delta in (*splitter.feed(text), *splitter.finish()):
        if delta.kind == "retract":
            answer = ""
        elif delta.kind == "text":
            answer += delta.text
    return answer
