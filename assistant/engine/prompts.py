"""Messages → everything that one answer of one model needs: prompt, splitting of the output, sampling.

All that differs between families of models meets here; the server knows of none.
"""

import itertools
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assistant.engine.families import Switch, known_families
from assistant.engine.reasoning import Splitter, without_thinking
from assistant.engine.templates import ChatTemplate, TemplateError, prompt_text
from assistant.engine.types import ModelFacts, Piece, Sampling, Thinking
from assistant.messages import Message

logger = logging.getLogger(__name__)

_PROBE = (
    Message("system", "system"),
    Message("user", "question"),
    Message("assistant", "answer"),
    Message("user", "question"),
)
"""What templates are tried with, to see what they do with a switch."""

_TAIL_CHARS = 48

_MARK = re.compile(r"\s*(<[^<>\s]+>|\[[^\[\]\s]+\])")
"""What looks like a control token."""

_SHORTEST_STOP_CHARS = 4

_NEVER = ("never", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What one answer needs."""

    pieces: list[Piece]
    """The prompt."""

    splitter: Splitter
    """Splits the output; knows whether it begins inside a thought."""

    marks: tuple[str, ...]
    """Marks the splitter looks for; control tokens that are no part of one are nothing to read."""

    sampling: Sampling
    """What the model's makers recommend, thinking or not."""

    closing: str
    """What ends a thought that is cut short, and begins the answer; empty where nothing does."""


class Prompter:
    """Prepares the answers of one model; may be used from any thread.

    Args:
        facts: What is known of the model.
    """

    def __init__(self, facts: ModelFacts) -> None:
        table = known_families()
        self._family = table.find_family(
            architecture=facts.architecture, name=facts.name, template=facts.template
        )
        self._dialect = table.find_dialect(self._family, facts.template)
        self._calls = table.find_calls(facts.template)
        empty = f"{self._dialect.opens}{self._dialect.closes}"
        self._empty_thought = (
            empty if empty in facts.template else f"{self._dialect.opens}{self._dialect.closing}"
        )
        try:
            self._template = ChatTemplate(facts.template, bos_text=facts.bos_text, eos_text=facts.eos_text)
        except TemplateError as error:
            logger.warning("template.invalid reason=%s", error)
            self._template = ChatTemplate("")
        self._last_resort = ChatTemplate("")
        self._switch = self._find_switch(table.switches)
        self._control_ends, self._stops = self._find_ends()
        self._thinks_unasked = self._ends("auto") == "open" or (
            self._family.thinks == "always"
            or (self._switch is not None and self._probe({}) == self._probe(self._switch.on))
        )

    @property
    def family(self) -> str:
        """Name of the model's family, for people."""
        return self._family.name

    @property
    def thinks(self) -> Literal["switchable", "always", "never", "unknown"]:
        """Whether the model thinks, and whether its template can be told.

        One that "always" does by itself is given an empty thought to begin with, where it is not to.
        """
        is_told = self._switch is not None and (
            self._family.thinks != "always" or self._family.switch is None
        )
        if is_told or self._family.words:
            return "switchable"
        if self._thinks_unasked:
            return "always"
        return "never" if self._family.thinks == "never" or self._dialect.name == "plain" else "unknown"

    def prepare(
        self,
        messages: Sequence[Message],
        *,
        thinking: Thinking = "auto",
        is_constrained: bool = False,
        template_options: Mapping[str, Any] | None = None,
    ) -> Prepared:
        """Render a prompt and say how its answer is to be read.

        Args:
            messages: The conversation.
            thinking: Whether the model is to think first, where that can be chosen.
            is_constrained: Whether a grammar holds from the first token; the prompt then ends where the
                answer itself begins, behind any thought.
            template_options: What the asker gives the template besides; goes before what the family would.
        """
        mode: Thinking = "off" if is_constrained else thinking
        said = [*self._instruction(mode), *(self._without_thinking(message) for message in messages)]
        pieces = self._render(said, {**self._options(mode), **(template_options or {})})
        prefix = self._prefix(pieces, mode, is_constrained=is_constrained)
        if prefix:
            pieces.append(Piece(prefix, True))
        end = self._end_of(pieces)
        splitter = Splitter(
            self._dialect,
            is_open=end == "open",
            is_answer=end == "answer",
            is_head=end == "head",
            is_literal=is_constrained,
            calls=self._calls,
            stops=self._stops,
            ends=self._control_ends,
        )
        is_thinking = end == "open" or (
            end != "answer"
            and (self._thinks_unasked if mode == "auto" else mode == "on" and self.thinks not in _NEVER)
        )
        return Prepared(
            pieces=pieces,
            splitter=splitter,
            marks=splitter.marks,
            sampling=self._family.thinking if is_thinking else self._family.direct,
            closing=self._dialect.closing,
        )

    def _options(self, mode: Thinking) -> Mapping[str, Any]:
        """Return what the template is told."""
        if self._switch is None or (mode == "auto" and self._family.thinks != "always"):
            return {}
        return self._switch.off if mode == "off" else self._switch.on

    def _render(self, messages: Sequence[Message], options: Mapping[str, Any]) -> list[Piece]:
        try:
            return self._template.render(messages, options)
        except TemplateError as error:
            # without its reason, which may quote the question.
            logger.warning("template.failed kind=%s", type(error.__cause__ or error).__name__)
            return self._last_resort.render(messages)

    def _prefix(self, pieces: Sequence[Piece], mode: Thinking, *, is_constrained: bool) -> str:
        """Return what is to be written for the model, so that it thinks or does not."""
        dialect = self._dialect
        end = self._end_of(pieces)
        if mode == "on" and end in ("head", "none") and self._family.thinks == "always":
            return dialect.opens
        if mode != "off":
            return ""
        if end == "open":
            return dialect.closing
        if dialect.bodies:
            return dialect.answer if end == "head" else ""
        if end == "none" and self._family.thinks == "always":
            return self._empty_thought
        return dialect.answer if is_constrained and not _ends_with(pieces, dialect.answer) else ""

    def _end_of(self, pieces: Sequence[Piece]) -> Literal["open", "answer", "head", "none"]:
        """Tell where a prompt ends: inside a thought, behind one, before a head, or nowhere that is known."""
        dialect = self._dialect
        if _ends_with(pieces, dialect.opens):
            return "open"
        if any(_ends_with(pieces, mark) for mark in (dialect.closes, dialect.answer, dialect.closing)):
            return "answer"
        return "head" if _ends_with(pieces, dialect.prompts) else "none"

    def _ends(self, mode: Thinking) -> str:
        try:
            return self._end_of(self._template.render(_PROBE, self._options(mode)))
        except TemplateError:
            return "none"

    def _instruction(self, mode: Thinking) -> list[Message]:
        """Return what the family is told in words."""
        words = self._family.words.get(mode, "")
        return [Message("system", words)] if words else []

    def _without_thinking(self, message: Message) -> Message:
        """Take the thought out of an earlier answer."""
        if message.role != "assistant":
            return message
        return Message(message.role, without_thinking(message.content, self._dialect))

    def _find_switch(self, switches: Sequence[Switch]) -> Switch | None:
        """Find what the template is told so that its model thinks or does not; `None` where nothing is."""
        candidates = [self._family.switch] if self._family.switch is not None else switches
        if self._family.thinks == "never":
            return None
        return next(self._that_work(candidates), None)

    def _that_work(self, switches: Sequence[Switch]) -> Iterator[Switch]:
        for switch in switches:
            on, off = self._probe(switch.on), self._probe(switch.off)
            if switch.changes_tail:
                on, off = on[-_TAIL_CHARS:], off[-_TAIL_CHARS:]
            if on and off and on != off:
                yield switch

    def _find_ends(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """Find what ends an answer beyond what the vocabulary calls so: control tokens, and words.

        It is what the template writes between an answer and the next question.
        """
        behind = "" if self._dialect.bodies else self._turn_end()
        if mark := _MARK.match(behind):
            return frozenset([*self._family.ends, mark[1]]), ()
        words = behind.rstrip()
        return frozenset(self._family.ends), (words,) if len(words) >= _SHORTEST_STOP_CHARS else ()

    def _turn_end(self) -> str:
        try:
            pieces = self._template.render(_PROBE)
        except TemplateError:
            return ""
        behind = itertools.dropwhile(lambda piece: piece.is_template or piece.text != "answer", pieces)
        return prompt_text(list(itertools.takewhile(lambda piece: piece.is_template, [*behind][1:])))

    def _probe(self, options: Mapping[str, Any]) -> str:
        """Render a conversation with options; empty where the template refuses them."""
        try:
            return prompt_text(self._template.render(_PROBE, options))
        except TemplateError:
            return ""


def _ends_with(pieces: Sequence[Piece], mark: str) -> bool:
    """Tell whether a prompt ends with a mark of its template, white space aside."""
    if not mark.strip() or not pieces or not pieces[-1].is_template:
        return False
    last = [piece.text for piece in pieces[-2:] if piece.is_template]
    return "".join(last).rstrip().endswith(mark.strip())
