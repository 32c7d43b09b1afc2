"""Messages → everything that one answer of one model needs: prompt, splitting of the output, sampling.

All that differs between families of models meets here; the server knows of none.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.engine.reasoning import Splitter, find_dialect, is_opened_by
from assistant.engine.templates import ChatTemplate, TemplateError, prompt_text
from assistant.engine.types import ModelFacts, Piece, Sampling, Thinking
from assistant.types import Message

logger = logging.getLogger(__name__)


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
        self.family = facts.architecture
        """Name of the model's family, for people."""

        self._dialect = find_dialect(facts.template)
        try:
            self._template = ChatTemplate(facts.template, bos_text=facts.bos_text, eos_text=facts.eos_text)
        except TemplateError as error:
            logger.warning("template.invalid reason=%s", error)
            self._template = ChatTemplate("")

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
        options: dict[str, Any] = {}
        if thinking != "auto":
            options["enable_thinking"] = thinking == "on"
        if is_constrained:
            options["enable_thinking"] = False
        options |= template_options or {}
        try:
            pieces = self._template.render(messages, options)
        except TemplateError as error:
            # without its reason, which may quote the question.
            logger.warning("template.failed kind=%s", type(error.__cause__ or error).__name__)
            pieces = ChatTemplate("").render(messages)
        is_open = is_opened_by(prompt_text(pieces[-1:]), self._dialect)
        if is_constrained and is_open:
            pieces.append(Piece(f"\n{self._dialect.closes}\n\n", True))
            is_open = False
        return Prepared(
            pieces=pieces,
            splitter=Splitter(self._dialect, is_open=is_open),
            marks=self._dialect.marks,
            sampling=Sampling(),
            closing=f"\n{self._dialect.closes}\n\n" if self._dialect.closes else "",
        )
