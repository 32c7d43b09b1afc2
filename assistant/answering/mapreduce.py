"""Passages that no model reads at once → notes on parts of them → a prompt that fits.

Passages keep their numbers all the way, so that what the answer cites in the end is a place in a
file and never a note. What a part does not say costs no room, and what does not fit is told.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

from assistant.answering.asking import Asking
from assistant.answering.rooms import TEMPLATE_TOKENS, Room, options_of
from assistant.citations import marks
from assistant.engine.types import Delta, Progress
from assistant.generating import TextGenerator, count_prompt, relay
from assistant.prompting import FittedPrompt, ask_about, clean, fenced, is_refusal, render_passage
from assistant.types import AnswerEvent, Message, Notice, Step
from indexer.types import Passage

MOST_PARTS = 24
"""Parts that are read; of a longer text, passages spread evenly over it."""

MOST_PASSAGES = 999
"""A mark has three digits."""

LONGEST_NOTE_TOKENS, SHORTEST_NOTE_TOKENS = 400, 64

NOTES_SHARE = 0.7
"""Share of the last prompt that is meant for notes."""

_MOST_ROUNDS = 3
"""How often notes are merged where they do not fit."""

_WANTED = (
    "Note in short statements everything in these passages that helps to answer what is asked."
    " They are only a part, so do not answer it yet."
)
_MERGED = (
    "These are notes on parts of a text. Merge them into fewer statements; keep the numbers in brackets."
)
_LAST = (
    "These are notes on {name}, made from its passages. Keep the numbers in brackets behind each statement."
)


def condense(
    asking: Asking, passages: Sequence[Passage], *, name: str, generator: TextGenerator, room: Room
) -> Generator[AnswerEvent, None, FittedPrompt | None]:
    """Have notes made on parts of many passages, and return the prompt that asks the question of these.

    Args:
        asking: What is asked.
        passages: In the order in which they are read; numbered from 1.
        name: What they are, for people and for the model.
        generator: Makes the notes.
        room: What it can read at once.

    Returns:
        `None` where no part says anything of what is asked.
    """
    return (yield from _Condensing(asking, name, generator, room).run(passages))


class _Condensing:
    def __init__(self, asking: Asking, name: str, generator: TextGenerator, room: Room) -> None:
        self._asking = asking
        self._name = name
        self._generator = generator
        self._room = room
        self._count = partial(count_prompt, generator)
        self._chars_per_token = 1.0

    def run(self, passages: Sequence[Passage]) -> Generator[AnswerEvent, None, FittedPrompt | None]:
        self._measure(passages)
        read = spread(passages, MOST_PASSAGES)
        parts = self._parts(read)
        if len(parts) > MOST_PARTS:
            read = spread(read, len(read) * MOST_PARTS // len(parts))
            parts = self._parts(read)[:MOST_PARTS]
            read = read[: sum(map(len, parts))]
        if len(read) < len(passages):
            yield Notice(
                f"{self._name} is too long to be read as a whole: read are {len(read):,} of"
                f" {len(passages):,} passages, spread evenly"
            )
        limit = self._note_tokens(len(parts))
        notes: list[str] = []
        first = 1
        for done, part in enumerate(parts):
            step = Step(f"reading {self._name}", done, len(parts))
            yield step
            numbers = range(first, first := first + len(part))
            rendered = [render_passage(number, one) for number, one in zip(numbers, part, strict=True)]
            text = yield from self._write([*rendered, _WANTED], step, limit)
            if note := tidy(text, numbers):
                notes.append(note)
        if not notes:
            return None
        return (yield from self._fit(notes, tuple(read), limit))

    def _fit(
        self, notes: Sequence[str], passages: tuple[Passage, ...], limit: int
    ) -> Generator[AnswerEvent, None, FittedPrompt]:
        """Return the prompt that asks of all notes, merged until they fit."""
        every = range(1, len(passages) + 1)
        for _ in range(_MOST_ROUNDS):
            prompt = self._prompt(notes, passages)
            groups = self._groups(notes)
            if prompt.tokens <= self._room.prompt_tokens or len(groups) >= len(notes):
                break
            merged: list[str] = []
            for done, group in enumerate(groups):
                step = Step("merging the notes", done, len(groups))
                yield step
                text = yield from self._write([*map(_fenced, group), _MERGED], step, limit)
                merged.append(tidy(text, every) or group[0])
            notes = merged
        count = len(notes)
        while (prompt := self._prompt(notes, passages)).tokens > self._room.prompt_tokens and len(notes) > 1:
            notes = notes[:-1]
        if len(notes) < count:
            yield Notice(f"the end of {self._name} is left out: more notes would not fit the model's context")
        return prompt

    def _prompt(self, notes: Sequence[str], passages: tuple[Passage, ...]) -> FittedPrompt:
        parts = [*map(_fenced, notes), _LAST.format(name=self._name)]
        messages = ask_about(self._asking.text, parts)
        return FittedPrompt(messages, passages, self._count(messages))

    def _write(self, parts: Sequence[str], step: Step, max_tokens: int) -> Generator[AnswerEvent, None, str]:
        """Have a note written."""
        options = replace(options_of(self._asking.settings, max_tokens=max_tokens), thinking="off")
        text = ""
        with closing(relay(self._generator.chat(self._asked(parts), options))) as pieces:
            for piece in pieces:
                if isinstance(piece, Progress):
                    # so that whoever looks on can break it off.
                    yield step
                elif isinstance(piece, Delta) and piece.kind != "thinking":
                    self._asking.clock.keep("first_token")
                    text = "" if piece.kind == "retract" else text + piece.text
        return text

    def _asked(self, parts: Sequence[str]) -> list[Message]:
        return ask_about(self._asking.text, parts)

    def _measure(self, passages: Sequence[Passage]) -> None:
        """Find out how many characters a token of such text has."""
        sample = "\n".join(render_passage(1, one) for one in spread(passages, 20))
        self._chars_per_token = max(0.25, 0.9 * len(sample) / max(1, self._generator.count_tokens(sample)))

    def _parts(self, passages: Sequence[Passage]) -> list[Sequence[Passage]]:
        """Cut passages into parts that fit, as few and as even as can be."""
        overhead = self._count(self._asked([_WANTED]))
        room_chars = (self._read_tokens() - overhead) * self._chars_per_token
        sizes = [len(render_passage(MOST_PASSAGES, one)) + 2 for one in passages]
        pending = [passages[start:end] for start, end in pack(sizes, room_chars)]
        parts: list[Sequence[Passage]] = []
        while pending:
            part = pending.pop(0)
            rendered = [render_passage(MOST_PASSAGES, one) for one in part]
            if len(part) == 1 or self._count(self._asked([*rendered, _WANTED])) <= self._read_tokens():
                parts.append(part)
            else:
                half = len(part) // 2
                pending[:0] = [part[:half], part[half:]]
        return parts

    def _groups(self, notes: Sequence[str]) -> list[Sequence[str]]:
        """Cut notes into groups that fit a prompt with room to spare."""
        room_chars = self._read_tokens() * self._chars_per_token * NOTES_SHARE
        return [notes[start:end] for start, end in pack([len(note) for note in notes], room_chars)]

    def _read_tokens(self) -> int:
        """Return what a prompt may take that asks for a note."""
        longest = self._room.context_tokens - TEMPLATE_TOKENS - LONGEST_NOTE_TOKENS
        return max(self._room.context_tokens // 2, min(self._room.prompt_tokens, longest))

    def _note_tokens(self, parts: int) -> int:
        share = int(NOTES_SHARE * self._room.prompt_tokens) // max(1, parts)
        most = min(LONGEST_NOTE_TOKENS, self._room.context_tokens // 4)
        return max(SHORTEST_NOTE_TOKENS, min(most, share))


def pack(sizes: Sequence[int], room: float) -> list[tuple[int, int]]:
    """Cut a row of things into as few stretches as fit, about equally full.

    Args:
        sizes: Of each thing.
        room: What a stretch may hold; what is larger by itself is one.

    Returns:
        Half-open ranges, in order.
    """
    fewest = len(_filled(sizes, room))
    even = sum(sizes) / max(1, fewest)
    # a little more than the mean, so that rounding makes no stretch more.
    for share in (1.02, 1.05, 1.1, 1.2):
        if even * share < room and len(found := _filled(sizes, even * share)) == fewest:
            return found
    return _filled(sizes, room)


def _filled(sizes: Sequence[int], room: float) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start, held = 0, 0
    for at, size in enumerate(sizes):
        if at > start and held + size > room:
            found.append((start, at))
            start, held = at, 0
        held += size
    return [*found, (start, len(sizes))] if sizes else []


def spread(passages: Sequence[Passage], count: int) -> Sequence[Passage]:
    """Return so many passages, evenly spread, in their order; all of them where they are no more."""
    if len(passages) <= count:
        return passages
    return [passages[number * len(passages) // count] for number in range(count)]


def tidy(note: str, numbers: Iterable[int]) -> str:
    """Return a note without marks that name passages it was not made from; empty for a refusal."""
    known = frozenset(numbers)
    text = note
    for mark in reversed(marks(note)):
        kept = "".join(f"[{number}]" for number in mark.numbers if number in known)
        text = text[: mark.start] + kept + text[mark.end :]
    return "" if is_refusal(text) else text.strip()


def _fenced(note: str) -> str:
    return fenced(clean(note))
