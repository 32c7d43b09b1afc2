"""A set of questions and what is expected of each answer, as people write it down; pure.

One JSON object a line. Only `question` is needed, several names are understood
for the same thing, and a line that cannot be read takes no other with it.
`docs/evaluation.md` has the whole format.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.types import Turn

Answerable = Literal["yes", "partial", "no", "other", "unknown"]
"""Whether the files say it. `other` asks for something else than an answer, such as a question in return."""

_ANSWERS = ("answers", "answer", "expected", "expected_answer")
_SOURCES = ("gold_files", "sources", "source", "files", "file")
_YES = {"yes", "true", "1", "answerable", "full", "fully"}
_NO = {"no", "false", "0", "unanswerable", "none"}
_PARTIAL = {"partial", "partly", "partially"}

_SURROGATE = re.compile("[\ud800-\udfff]")

LONGEST_QUESTION_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class GoldPassage:
    """Text that answers a question, and the file that it stands in."""

    file: str
    """As it is named in the set; empty for any file."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question, and what is expected of its answer."""

    id: str
    """Distinct within a set."""

    line: int
    """Where it stands in its file, from 1."""

    question: str
    answers: tuple[str, ...] = ()
    """Any of them is right."""

    sources: tuple[str, ...] = ()
    """Files that say it, as they are named in the set."""

    passages: tuple[GoldPassage, ...] = ()
    answerable: Answerable = "unknown"
    turns: tuple[Turn, ...] = ()
    """What was said before, oldest first."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """What else the line says of it, by name: a category, say; `turns` is how many there are."""

    @property
    def wants_answer(self) -> bool:
        """Whether the files say it, at least in part."""
        return self.answerable in {"yes", "partial"}


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no question."""

    line: int
    reason: str
    """A clause behind "line 3: "."""


class _Unreadable(Exception):  # noqa: N818 - becomes a `BadLine`
    """Says what is wrong with a line."""


def read_cases(lines: Iterable[bytes]) -> tuple[list[Case], list[BadLine]]:
    """Read a set, line by line; blank lines and those that begin with "#" are passed over.

    Args:
        lines: Of the file, each with or without its end.

    Returns:
        The questions in order, and the lines that are none.
    """
    cases: list[Case] = []
    bad: list[BadLine] = []
    taken: set[str] = set()
    for number, raw in enumerate(lines, start=1):
        try:
            case = _read_line(raw, number)
        except _Unreadable as error:
            bad.append(BadLine(number, str(error)))
            continue
        if case is None:
            continue
        if case.id in taken:
            bad.append(BadLine(number, f"the id {case.id!r} was given to an earlier question"))
            continue
        taken.add(case.id)
        cases.append(case)
    return cases, bad


def _read_line(raw: bytes, number: int) -> Case | None:
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
    except UnicodeDecodeError:
        raise _Unreadable("it is not UTF-8 text") from None
    if not text or text.startswith("#"):
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise _Unreadable(f"it is not JSON: {error.msg.lower()} at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise _Unreadable("it is not JSON that can be read") from None
    if not isinstance(value, dict):
        raise _Unreadable("it is not a JSON object")
    return _read_case({str(key): each for key, each in value.items() if each is not None}, number)


def _read_case(value: Mapping[str, Any], number: int) -> Case:
    question = value.get("question")
    if not isinstance(question, str):
        raise _Unreadable("it has no question" if question is None else "its question is no text")
    question = _plain(question)
    if not question:
        raise _Unreadable("its question is empty")
    if len(question) > LONGEST_QUESTION_CHARS:
        raise _Unreadable(f"its question has {len(question):,} characters")
    answers = _texts(value, _ANSWERS)
    sources, passages = _sources(value)
    answerable = _answerable(value.get("answerable"), is_expected=bool(answers or sources))
    turns = _turns(value.get("history", ()))
    return Case(
        id=_scalar(value.get("id")) or f"line {number}",
        line=number,
        question=question,
        answers=answers,
        sources=sources,
        passages=passages,
        answerable=answerable,
        turns=turns,
        fields={
            **{name: said for name, each in value.items() if (said := _scalar(each)) and name != "question"},
            "answerable": answerable,
            "turns": str(len(turns)),
        },
    )


def _texts(value: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    """Return the distinct texts that stand under any of some names, alone or in a list."""
    found: list[str] = []
    for name in names:
        each = value.get(name, ())
        for one in each if isinstance(each, list | tuple) else [each]:
            if isinstance(one, dict) or not (text := _scalar(one)):
                if one != "":
                    raise _Unreadable(f"its `{name}` is neither text nor a list of texts")
                continue
            found.append(text)
    return tuple(dict.fromkeys(found))


def _sources(value: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[GoldPassage, ...]]:
    """Return the files and the passages that a line names as those that say it."""
    passages = [_passage(each) for each in _list(value, "gold_passages")]
    plain: dict[str, Any] = {}
    for name in _SOURCES:
        each = value.get(name, ())
        entries = each if isinstance(each, list) else [each] if each != () else []
        # a source may be an object with file and text.
        passages += [_passage(one) for one in entries if isinstance(one, dict)]
        plain[name] = [one for one in entries if not isinstance(one, dict)]
    sources = _texts(plain, _SOURCES)
    quote = value.get("quote", "")
    if isinstance(quote, str) and _plain(quote):
        passages.append(GoldPassage(sources[0] if len(sources) == 1 else "", _plain(quote)))
    named = (passage.file for passage in passages if passage.file)
    with_text = tuple(dict.fromkeys(passage for passage in passages if passage.text))
    return tuple(dict.fromkeys((*sources, *named))), with_text


def _passage(value: Any) -> GoldPassage:
    if isinstance(value, str):
        return GoldPassage("", _plain(value))
    if not isinstance(value, dict):
        raise _Unreadable("one of its passages is neither text nor an object with file and text")
    file, text = value.get("file", value.get("path", "")), value.get("text", value.get("quote", ""))
    if not (isinstance(file, str) and isinstance(text, str) and (file or text)):
        raise _Unreadable("one of its passages has neither a file nor a text")
    return GoldPassage(_plain(file), _plain(text))


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    each = value.get(name, [])
    return each if isinstance(each, list) else [each]


def _answerable(value: Any, *, is_expected: bool) -> Answerable:
    said = _scalar(value).casefold()
    if not said:
        return "yes" if is_expected else "unknown"
    if said in _YES:
        return "yes"
    if said in _NO:
        return "no"
    return "partial" if said in _PARTIAL else "other"


def _turns(history: Any) -> tuple[Turn, ...]:
    """Read what was said before: turns with a role, pairs of question and answer, or texts in turn."""
    if not isinstance(history, list | tuple):
        raise _Unreadable("its history is no list")
    turns: list[Turn] = []
    for at, entry in enumerate(history):
        if isinstance(entry, dict) and isinstance(entry.get("question"), str):
            question, answer = _plain(entry["question"]), _plain(str(entry.get("answer") or ""))
            turns.append(Turn(question=question, standalone=question, answer=answer))
            continue
        if isinstance(entry, dict):
            text = entry.get("text", entry.get("content"))
            is_question = entry.get("role", "user") in {"user", "human"}
        else:
            text, is_question = entry, at % 2 == 0
        if not isinstance(text, str):
            raise _Unreadable(f"entry {at + 1} of its history has no text")
        text = _plain(text)
        if is_question:
            turns.append(Turn(question=text, standalone=text, answer=""))
        elif turns:
            last = turns[-1]
            answer = f"{last.answer}\n{text}".strip()
            turns[-1] = Turn(question=last.question, standalone=last.standalone, answer=answer)
    return tuple(turns)


def _scalar(value: Any) -> str:
    """Return a value that is one word or number as text; empty for anything else."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _plain(str(value)) if isinstance(value, str | int | float) else ""


def _plain(text: str) -> str:
    """Return text without white space around it, and without the half characters that JSON can hold."""
    return _SURROGATE.sub("\ufffd", text).strip()
