"""Raw model output → thinking and answer; pure and incremental.

Marks count only where models put them: a thought is opened before any answer
text, so an answer may quote `<think>` without vanishing. What could be the
beginning of a mark is held back until it is decided.
"""

from dataclasses import dataclass

from assistant.engine.types import Delta, Kind


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one group of model families marks its thinking."""

    opens: str
    closes: str
    """Empty where the next channel ends the thought."""

    channel: str = ""
    """Begins a channel; its name follows up to `body`. Empty for families without channels."""

    body: str = ""
    ends: tuple[str, ...] = ()
    """Marks that end a channel's text."""

    may_close_unopened: bool = True
    """Whether a closing mark alone says that everything before it was thinking."""

    @property
    def marks(self) -> tuple[str, ...]:
        """Every mark that the output may hold."""
        return tuple(mark for mark in (self.opens, self.closes, self.channel, self.body, *self.ends) if mark)


HARMONY = Dialect("", "", channel="<|channel|>", body="<|message|>", ends=("<|end|>", "<|start|>"))
"""gpt-oss: `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…`."""

DIALECTS = (
    HARMONY,
    Dialect("<|channel>thought", "<channel|>"),
    Dialect("<|START_THINKING|>", "<|END_THINKING|>"),
    Dialect("<|inner_prefix|>", "<|inner_suffix|>"),
    Dialect("<|open|>think<|sep|>", "<|close|>think<|sep|>"),
    Dialect("[THINK]", "[/THINK]"),
    Dialect("<seed:think>", "</seed:think>"),
    Dialect("<thinking>", "</thinking>"),
    Dialect("<think>", "</think>"),
)
"""Known dialects; the first whose marks a chat template names is taken."""

PLAIN = Dialect("<think>", "</think>", may_close_unopened=False)
"""For templates that name no marks: some of their models think all the same."""


def find_dialect(template: str) -> Dialect:
    """Recognise a model's dialect by its chat template."""
    for dialect in DIALECTS:
        if all(mark in template for mark in (dialect.closes, dialect.channel, dialect.body) if mark):
            return dialect
    return PLAIN


def is_opened_by(prompt: str, dialect: Dialect) -> bool:
    """Say whether a rendered prompt ends inside a thought, so that the output begins there."""
    return bool(dialect.opens) and prompt.rstrip().endswith(dialect.opens)


class Splitter:
    """Splits one answer's raw text as it arrives.

    Args:
        dialect: The model's dialect.
        is_open: Whether the prompt itself opened a thought.
    """

    def __init__(self, dialect: Dialect, *, is_open: bool = False) -> None:
        self._dialect = dialect
        self._kind: Kind | None = "thinking" if is_open else "text"
        """What the text at hand is; `None` for a channel's head, which nobody sees."""

        self._held = ""
        """The end of what came, as long as it may be the beginning of a mark."""

        self._has_answer = False
        """Whether answer text, white space aside, was sent."""

        self._has_thought = is_open
        self._head = ""
        """The head of a channel, as far as it came."""

        self._is_fresh = True
        """Whether nothing was sent of this stretch yet; its leading white space is left out."""

    @property
    def is_thinking(self) -> bool:
        """Whether what comes next belongs to a thought, as far as is decided."""
        return self._kind == "thinking"

    def feed(self, text: str) -> list[Delta]:
        """Take the next text and return what is decided by now."""
        deltas: list[Delta] = []
        self._held += text
        while self._held:
            marks = self._marks_here()
            found = [(at, -len(mark), mark) for mark in marks if (at := self._held.find(mark)) >= 0]
            if found:
                at, _, mark = min(found)
                if at:
                    # what stands before a mark may decide that it is none.
                    self._send(self._held[:at], deltas)
                    self._held = self._held[at:]
                else:
                    self._held = self._held[len(mark) :]
                    self._cross(mark, deltas)
                continue
            keep = _undecided(self._held, marks)
            self._send(self._held[: len(self._held) - keep], deltas)
            self._held = self._held[len(self._held) - keep :]
            break
        return deltas

    def finish(self) -> list[Delta]:
        """Return what was held back, at the end of the output."""
        deltas: list[Delta] = []
        self._send(self._held, deltas)
        self._held = ""
        return deltas

    def _marks_here(self) -> tuple[str, ...]:
        """Return the marks that mean something at this place."""
        dialect = self._dialect
        if dialect.channel:
            return dialect.marks
        if self._kind == "thinking":
            return (dialect.closes,)
        if not self._has_answer:
            return (dialect.opens, dialect.closes)
        # an answer may quote marks; with no thought seen yet, one that closes shows that all was thinking.
        return (dialect.closes,) if dialect.may_close_unopened and not self._has_thought else ()

    def _cross(self, mark: str, deltas: list[Delta]) -> None:
        """Change over at a mark."""
        dialect = self._dialect
        self._is_fresh = True
        if mark == dialect.opens:
            self._kind = "thinking"
            self._has_thought = True
        elif mark == dialect.closes:
            if self._kind == "text" and self._has_answer:
                deltas.append(Delta("retract", ""))
            self._kind = "text"
            self._has_answer = False
            self._has_thought = True
        elif mark == dialect.body:
            # "final" and, in outputs that leave channels out, no name at all are for the reader.
            name = self._head.strip()
            self._kind = "text" if not name or name.startswith("final") else "thinking"
        else:
            self._kind = None
            self._head = ""

    def _send(self, text: str, deltas: list[Delta]) -> None:
        if self._kind is None:
            self._head += text
            return
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


def _undecided(text: str, marks: tuple[str, ...]) -> int:
    """Return the length of the longest end of `text` that a mark may begin with."""
    for length in range(min(len(text), max(map(len, marks), default=0) - 1), 0, -1):
        if any(mark.startswith(text[-length:]) for mark in marks):
            return length
    return 0
