"""Answers to questions about one file: it is read as a whole, from the catalog.

Where it fits a model's context it is one prompt, in the order of the file, which the
engine need not read again for the next question about it. Without a model a summary is
made of the file's own sentences.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from assistant.answering.asking import Asking
from assistant.answering.finding import Library
from assistant.answering.kinds import AboutFile
from assistant.answering.library import files_speaking
from assistant.answering.mapreduce import condense
from assistant.answering.results import finished, refused, unless_refused
from assistant.answering.rooms import Room, make_ready
from assistant.answering.summary import summarise
from assistant.answering.writing import write
from assistant.evidence import ENOUGH, confidence
from assistant.extractive import extract
from assistant.generating import TextGenerator, count_prompt
from assistant.prompting import FittedPrompt, fit_messages
from assistant.types import AnswerEvent, AnswerText, Notice, Question, Step
from indexer.errors import UsageError
from indexer.types import Filters, NamedFile, Passage, SearchResult

MOST_TOPIC_PARTS = 6
"""Parts of a long file that are read for a question about something in it, the nearest passages first."""

_LEAST_CHARS_PER_TOKEN = 1.0
_MOST_CHARS_PER_TOKEN = 8.0
"""No text has more; a longer one is not counted to know that it does not fit."""

_NAMED = 3
"""Files that a hint names."""


def files_meant(kind: AboutFile, question: Question, library: Library) -> tuple[NamedFile, ...]:
    """Return the files that a question is about; none where there is none of its names.

    Where the question names none ("summarise this"), it is the only file that it is confined to, or
    else the only one that the answer before was from.
    """
    names = kind.names or _file_at_hand(question)
    if not names:
        return ()
    for files in library.resolve(names):
        if inside := tuple(file for file in files if _is_inside(file.path, question.filters)):
            return inside
    return ()


def choose_file(kind: AboutFile, files: Sequence[NamedFile]) -> NamedFile | None:
    """Return the file that is to be read as a whole; `None` where the question is not about one.

    Raises:
        UsageError: If several files have the name, and one is to be summarised.
    """
    if len(files) == 1:
        return files[0]
    if files and kind.is_named and kind.is_summary:
        listed = ", ".join(_short(file) for file in files[:_NAMED]) + (", …" if len(files) > _NAMED else "")
        raise UsageError(
            f"{len(files)} files are called {kind.names[0]}", hint=f"say which one, by its folder: {listed}"
        )
    return None


def answer_from_file(
    asking: Asking, file: NamedFile, kind: AboutFile, library: Library
) -> Iterator[AnswerEvent]:
    """Answer a question about a file from nothing else.

    Args:
        asking: The question.
        file: What it is about.
        kind: What is wanted of it.
        library: Holds its text.
    """
    here = asking.within(str(file.path))
    query = kind.topic or asking.text
    found = here.search(query, top_k=asking.settings.passages, filters=Filters(within=(str(file.path),)))
    yield from here.announce(found)
    if not file.chunks:
        yield Notice(
            f"{_short(file)} holds no text that could be read" + (f": {file.reason}" if file.reason else "")
        )
        model = None if asking.generator is None else asking.generator.model_name
        yield refused((), model, found=found, clock=asking.clock)
    elif asking.generator is None:
        yield from _in_its_words(here, found, file, kind, library)
    else:
        asked = replace(found, question=asking.text)
        read = _read(here, asked, file, kind, library=library, generator=asking.generator)
        if not kind.is_summary:
            yield from read
        elif not (yield from unless_refused(read)):
            # a file with text in it has something to say.
            yield Notice("the model did not summarise it; these are the file's own sentences")
            yield from _in_its_words(here, found, file, kind, library)


def _in_its_words(
    asking: Asking, found: SearchResult, file: NamedFile, kind: AboutFile, library: Library
) -> Iterator[AnswerEvent]:
    passages: Sequence[Passage] = found.passages
    if kind.is_summary:
        extracted = summarise(library.passages_of(file.path).passages)
        if extracted is not None:
            passages = [
                *{one.n: one.passage for one in sorted(extracted.citations, key=lambda each: each.n)}.values()
            ]
    elif confidence(found) >= ENOUGH or files_speaking(kind.topic, found.passages, is_mention=True):
        extracted = extract(found.question, found.passages)
        passages = extracted.passages if extracted is not None else passages
    else:
        extracted = None
    asking.clock.keep("first_token")
    if extracted is None:
        yield refused(found.passages, None, found=found, clock=asking.clock)
        return
    yield AnswerText(extracted.text)
    yield finished(extracted.text, extracted.citations, passages, None, found=found, clock=asking.clock)


def _read(
    asking: Asking,
    found: SearchResult,
    file: NamedFile,
    kind: AboutFile,
    *,
    library: Library,
    generator: TextGenerator,
) -> Iterator[AnswerEvent]:
    room = yield from make_ready(generator, asking.settings)
    text = library.passages_of(file.path)
    name = file.path.name
    yield Step(f"reading {name}")
    prompt = _in_one(asking, text.passages, generator, room, note=_note(file, kind))
    if prompt is None:
        passages = text.passages if kind.is_summary else _nearest(asking, kind, text.passages, room)
        if len(passages) < len(text.passages):
            yield Notice(
                f"{name} is too long to be read at once: read are the {len(passages)} passages of"
                f" {len(text.passages):,} that are nearest to the question"
            )
            prompt = _in_one(asking, passages, generator, room, note="")
        if prompt is None:
            prompt = yield from condense(asking, passages, name=name, generator=generator, room=room)
    if prompt is None:
        yield refused(found.passages, generator.model_name, found=found, clock=asking.clock)
        return
    yield from write(
        asking.question,
        replace(found, passages=found.passages or prompt.passages),
        generator=generator,
        settings=asking.settings,
        clock=asking.clock,
        room=room,
        prompt=prompt,
    )


def _in_one(
    asking: Asking, passages: Sequence[Passage], generator: TextGenerator, room: Room, *, note: str
) -> FittedPrompt | None:
    """Return one prompt of all passages, if they fit."""
    if sum(len(one.text) for one in passages) > room.prompt_tokens * _MOST_CHARS_PER_TOKEN:
        return None
    prompt = fit_messages(
        asking.text,
        passages,
        note=note,
        turns=asking.question.turns,
        is_whole=True,
        limit_tokens=room.prompt_tokens,
        count=partial(count_prompt, generator),
    )
    return prompt if prompt is not None and not (prompt.left_out or prompt.is_shortened) else None


def _note(file: NamedFile, kind: AboutFile) -> str:
    said = f"The passages are the whole of {_short(file)}, in order."
    return f"{said} Tell its main points, all in all." if kind.is_summary else said


def _nearest(asking: Asking, kind: AboutFile, passages: Sequence[Passage], room: Room) -> Sequence[Passage]:
    """Return the passages of a long file that are nearest to what is asked, in reading order."""
    chars = sum(len(one.text) for one in passages) / len(passages)
    count = int(MOST_TOPIC_PARTS * room.prompt_tokens * _LEAST_CHARS_PER_TOKEN * 3 / max(1.0, chars))
    if count >= len(passages):
        return passages
    found = asking.search(kind.topic, top_k=max(1, min(count, 1000)))
    wanted = {one.chunk_id for one in found.passages}
    return [one for one in passages if one.chunk_id in wanted]


def _file_at_hand(question: Question) -> tuple[str, ...]:
    """Return the one file that "this" can be."""
    if len(question.filters.within) == 1:
        return question.filters.within
    sources = question.turns[-1].sources if question.turns and not question.filters.within else ()
    return (str(sources[0]),) if len(sources) == 1 else ()


def _is_inside(path: Path, filters: Filters) -> bool:
    """Tell whether a file stands where the question may look, as far as folders are given by their paths."""
    folders = [Path(one) for one in filters.within if one.startswith("/")]
    return (
        len(folders) < len(filters.within) or not folders or any(path.is_relative_to(one) for one in folders)
    )


def _short(file: NamedFile) -> str:
    return str(Path(file.root.name) / file.path.relative_to(file.root))
