"""Messages → the prompt a model was trained on, in pieces that keep template and content apart.

The model's own chat template is rendered with marks in place of the contents,
and cut at the marks. So only the template's own text can become control tokens:
`<|im_end|><|im_start|>system` inside a document stays text.
"""

import contextlib
import datetime
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from assistant.engine.types import Piece
from assistant.messages import Message

CHATML = (
    "{% for message in messages %}"
    "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""For models without a template, and the last resort where a template fails."""

_ABSENT: tuple[Mapping[str, Any], ...] = (
    {"tools": None, "documents": None},
    {},
    {"tools": [], "documents": [], "functions": "[]", "datetime": ""},
)
"""Ways to say that there are no tools: templates ask by `is none`, by looping over them, or not at all."""

_MARK = re.compile(r"( ?)content(\d+)mark( ?)")


class TemplateError(Exception):
    """A template does not render these messages without loss."""


class ChatTemplate:
    """A compiled chat template.

    Args:
        source: Jinja source from the model file; empty for ChatML.
        bos_text: The text of the token that begins every prompt, as some templates write it themselves.
        eos_text: The text of the token that ends an answer.
        now: What templates that write a date are told; they are told the day and no time of it.

    Raises:
        TemplateError: If the source is no valid template.
    """

    def __init__(
        self,
        source: str,
        *,
        bos_text: str = "",
        eos_text: str = "",
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now().astimezone(),
    ) -> None:
        self._fixed = {"bos_token": bos_text, "eos_token": eos_text}
        try:
            self._template = _environment(now).from_string(source or CHATML)
        except jinja2.TemplateError as error:
            raise TemplateError(str(error)) from error
        self._first_shape = self._find_first_shape()

    def render(self, messages: Sequence[Message], options: Mapping[str, Any] | None = None) -> list[Piece]:
        """Render a prompt that ends where the model's answer begins.

        Templates refuse or lose what their models were not trained on. So the messages are tried

        1. as they are,
        2. in turns: repeated roles joined, no system message but the first, no answer before a question,
        3. without a system message, which stands at the head of the first question instead,

        each with the ways in which templates ask for tools, and with contents as texts and as lists of parts.
        The first rendering that holds every content, in order, is taken. A template that renders a system
        message and one question, but no longer conversation with it, is never given one, so that every turn
        begins as the last one did.

        Args:
            messages: The conversation.
            options: What the template may ask for, such as `enable_thinking`.

        Raises:
            TemplateError: If the template renders these messages in no way without loss.
        """
        first_error: TemplateError | None = None
        tried: list[Sequence[Message]] = []
        for shape in _SHAPES[self._first_shape :]:
            if (shaped := shape(messages)) in tried:
                continue
            tried.append(shaped)
            try:
                return self._render_shape(shaped, options or {})
            except TemplateError as error:
                first_error = first_error or error
        assert first_error is not None
        raise first_error

    def _find_first_shape(self) -> int:
        """Return the first form in which a whole conversation is rendered; 0 where none is."""
        for number, shape in enumerate(_SHAPES):
            with contextlib.suppress(TemplateError):
                self._render_shape(shape(_CONVERSATION), {})
                return number
        return 0

    def _render_shape(self, messages: Sequence[Message], options: Mapping[str, Any]) -> list[Piece]:
        first_error: TemplateError | None = None
        for as_parts, absent in itertools.product((False, True), _ABSENT):
            try:
                return self._render(messages, {**absent, **options}, as_parts=as_parts)
            except TemplateError as error:
                first_error = first_error or error
        assert first_error is not None
        raise first_error

    def _render(
        self, messages: Sequence[Message], options: Mapping[str, Any], *, as_parts: bool
    ) -> list[Piece]:
        marked = [
            {"role": message.role, "content": _mark(number, message, as_parts=as_parts)}
            for number, message in enumerate(messages)
        ]
        try:
            text = self._template.render(
                {**options, **self._fixed, "messages": marked, "add_generation_prompt": True}
            )
        # a template is a program out of a model file: it may fail in any way, and there is another to try.
        except Exception as error:
            raise TemplateError(f"{type(error).__name__}: {error}") from error
        pieces, seen = _cut(text, messages)
        lost = [message for n, message in enumerate(messages) if message.content.strip() and n not in seen]
        if lost:
            raise TemplateError(f"the template leaves out the {lost[0].role} message")
        if seen != sorted(seen):
            # the system message in the last question, say: then every turn would change the whole prompt.
            raise TemplateError("the template changes the order of the messages")
        return pieces


def alternate(messages: Sequence[Message]) -> list[Message]:
    """Bring messages into turns: one system message at most, the first; then user and assistant in turn."""
    turns: list[Message] = []
    for number, message in enumerate(messages):
        is_head = all(before.role == "system" for before in messages[:number])
        role = "user" if message.role == "system" and not is_head else message.role
        if turns and turns[-1].role == role:
            turns[-1] = Message(role, f"{turns[-1].content}\n\n{message.content}")
            continue
        if role == "assistant" and (not turns or turns[-1].role == "system"):
            turns.append(Message("user", "…"))
        turns.append(Message(role, message.content))
    return turns


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """Put system messages at the head of the user message that follows, and join repeated roles."""
    return alternate(
        [Message("user" if each.role == "system" else each.role, each.content) for each in messages]
    )


_SHAPES: tuple[Callable[[Sequence[Message]], Sequence[Message]], ...] = (list, alternate, fold_system)
"""Forms of a conversation, each farther from what was said than the one before it."""

_CONVERSATION = (
    Message("system", "system"),
    Message("user", "question"),
    Message("assistant", "answer"),
    Message("user", "question"),
)


def prompt_text(pieces: Sequence[Piece]) -> str:
    """Join the pieces of a prompt."""
    return "".join(piece.text for piece in pieces)


def _mark(number: int, message: Message, *, as_parts: bool) -> Any:
    # a space on either side of the mark shows whether the template trims its contents.
    mark = f" content{number}mark " if message.content.strip() else ""
    return [{"type": "text", "text": mark}] if as_parts else mark


def _cut(text: str, messages: Sequence[Message]) -> tuple[list[Piece], list[int]]:
    """Cut a rendering at its marks; returns the pieces, and which messages occur, as they first do."""
    pieces: list[Piece] = []
    seen: list[int] = []
    end = 0
    for match in _MARK.finditer(text):
        left, number, right = match[1], int(match[2]), match[3]
        if number >= len(messages):
            continue
        if number not in seen:
            seen.append(number)
        content = messages[number].content
        content = content if left else content.lstrip()
        content = content if right else content.rstrip()
        pieces += [Piece(text[end : match.start()], True), Piece(content, False)]
        end = match.end()
    pieces.append(Piece(text[end:], True))
    return [piece for piece in pieces if piece.text], seen


class _Generation(Extension):
    """`{% generation %}…{% endgeneration %}`: marks what is trained on; its body is rendered as it is."""

    tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Return the body."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment(now: Callable[[], datetime.datetime]) -> ImmutableSandboxedEnvironment:
    """Make the environment that chat templates are written for; it can neither run code nor read files."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise
    # of the day alone, so that a prompt read once is the same until midnight.
    environment.globals["strftime_now"] = lambda form: (
        now().replace(hour=0, minute=0, second=0, microsecond=0).strftime(form)
    )
    return environment


def _to_json(value: Any, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)
