"""Answers to questions about the library: which files speak of something, how many, and what they say.

Far more passages are searched than for another question. Which files speak of what is asked is
decided here and not by a model, so that a count is a count. How many there are is said, and
whether all of them are shown.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from assistant.answering.asking import Asking
from assistant.answering.kinds import AboutLibrary
from assistant.answering.mapreduce import condense
from assistant.answering.results import finished, refused, unless_refused
from assistant.answering.rooms import make_ready
from assistant.answering.writing import write
from assistant.citations import narrow
from assistant.generating import TextGenerator, count_prompt
from assistant.prompting import fit_messages
from assistant.types import AnswerEvent, AnswerText, Citation, Notice, Step
from assistant.words import content_words, words
from indexer.sentences import quotable_sentences
from indexer.types import Passage, SearchResult, Span

SEARCHED = 200
"""Passages that are looked through."""

ENOUGH = 0.6
"""What a passage must reach, of similarity and shared words, to be listed."""

MOST_LISTED = 20
"""Files of a list, unless more passages are asked for."""

MOST_READ = 60
"""Passages that a model is given, the best of every file first."""

_SHARED_WEIGHT = 0.3
"""What all of a topic's words in a passage count, beside a cosine of 1; as for any other question."""


_TAIL = 50
"""See `_is_all`."""

_UNITS = frozenset(words("notes files documents"))
"""Words that only say that files are meant."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Speaking:
    """A file that speaks of a topic."""

    passages: tuple[Passage, ...]
    """Those that do, best first."""

    @property
    def best(self) -> Passage:
        """The passage that speaks of it most."""
        return self.passages[0]


def files_speaking(topic: str, passages: Sequence[Passage], *, is_mention: bool = False) -> list[Speaking]:
    """Return the files that speak of a topic, best first.

    A passage does which holds all its words, in its text, its headings or the file's name; or, where
    the words themselves are not what is asked for, which is near enough to it.

    Args:
        topic: What is looked for.
        passages: What was found for it, best first.
        is_mention: Whether the words themselves must be there.
    """
    wanted = [set(content_words(each)) - _UNITS for each in _alternatives(topic)]
    files: dict[object, list[Passage]] = {}
    for passage in passages:
        if any(_speaks(passage, each, is_mention=is_mention) for each in wanted):
            files.setdefault(passage.path, []).append(passage)
    return [Speaking(tuple(found)) for found in files.values()]


def newest_first(files: Sequence[Speaking]) -> list[Speaking]:
    """Sort files by their date; those of none keep their order behind."""
    return sorted(files, key=lambda file: -(file.best.dated or 0.0))


def answer_from_library(asking: Asking, kind: AboutLibrary) -> Iterator[AnswerEvent]:
    """Answer a question about what there is.

    Args:
        asking: The question.
        kind: What is wanted.
    """
    dated = _of_its_time(asking, kind)
    # of a mention the words are searched for; this only says how the topic is understood.
    top_k = asking.settings.passages if kind.is_mention else SEARCHED
    found = asking.search(kind.topic, top_k=top_k, filters=dated.filters if dated else None)
    if dated is not None:
        said = " ".join(dated.remarks)
        found = replace(
            found, remarks=(*dated.remarks, *(each for each in found.remarks if each not in said))
        )
    topic = found.question or kind.topic
    if kind.is_mention:
        found = _mentioned(asking, found, topic)
    files = files_speaking(topic, found.passages, is_mention=kind.is_mention)
    if kind.wish == "overview":
        files = newest_first(files)
    shown = files[: max(MOST_LISTED, asking.settings.passages)]
    best = tuple(file.best for file in shown)
    yield from asking.announce(replace(found, passages=best))
    if not files:
        model = None if asking.generator is None else asking.generator.model_name
        yield refused(found.passages, model, found=found, clock=asking.clock)
        return
    is_all = _is_all(found.passages, files)
    counted = count_of(len(files), topic, is_mention=kind.is_mention, is_all=is_all)
    if asking.generator is not None and kind.wish == "overview":
        told = _told(asking, found, files, counted, asking.generator)
        if (yield from unless_refused(told)):
            return
        yield Notice("the model told nothing of them; this is a list")
    left = f" Shown are {len(shown)}." if len(shown) < len(files) else ""
    text, citations = _listed(shown, f"{counted}.{left}")
    asking.clock.keep("first_token")
    yield AnswerText(text)
    yield finished(text, citations, best, None, found=found, clock=asking.clock)


def count_of(files: int, topic: str, *, is_mention: bool, is_all: bool) -> str:
    """Say how many files speak of a topic."""
    least = "" if is_all else "At least "
    what = f"{files} file{'' if files == 1 else 's'}"
    if not set(content_words(topic)) - _UNITS:
        return f"{least}{what} found"
    verb = (
        ("mentions" if files == 1 else "mention")
        if is_mention
        else ("speaks of" if files == 1 else "speak of")
    )
    return f"{least}{what} {verb} {topic.rstrip('?!. ')}"


def _told(
    asking: Asking, found: SearchResult, files: Sequence[Speaking], counted: str, generator: TextGenerator
) -> Iterator[AnswerEvent]:
    """Have a model tell what the files say."""
    room = yield from make_ready(generator, asking.settings)
    passages = _taken(files)
    read = len({one.path for one in passages})
    part = "" if read == len(files) else f"; {read} of them are read"
    yield Notice(counted + part)
    name = f"{read} file{'' if read == 1 else 's'}"
    yield Step(f"reading {name}")
    prompt = fit_messages(
        asking.text,
        passages,
        note=f"The passages are from {name}; say what each of them adds.",
        turns=asking.question.turns,
        is_whole=True,
        limit_tokens=room.prompt_tokens,
        count=partial(count_prompt, generator),
    )
    if prompt is None or prompt.left_out or prompt.is_shortened:
        prompt = yield from condense(asking, passages, name=name, generator=generator, room=room)
    if prompt is None:
        yield refused(found.passages, generator.model_name, found=found, clock=asking.clock)
        return
    yield from write(
        asking.question,
        replace(found, question=asking.text, passages=tuple(file.best for file in files)),
        generator=generator,
        settings=asking.settings,
        clock=asking.clock,
        room=room,
        prompt=prompt,
    )


def _taken(files: Sequence[Speaking]) -> list[Passage]:
    """Return what is to be read: the best passage of every file, then the second, while there is room."""
    deepest = max(len(file.passages) for file in files)
    ranked = [
        file.passages[depth] for depth in range(deepest) for file in files if depth < len(file.passages)
    ]
    kept = {passage.chunk_id for passage in ranked[:MOST_READ]}
    # those of one file stand together.
    return [passage for file in files for passage in file.passages if passage.chunk_id in kept]


def _listed(files: Sequence[Speaking], headline: str) -> tuple[str, tuple[Citation, ...]]:
    """Write a line for each file: its date, its name, and its best sentence."""
    lines = [headline]
    citations: list[Citation] = []
    for number, file in enumerate(files, start=1):
        passage = file.best
        span = _best_sentence(passage)
        quote = passage.text[span.start : span.end]
        dated = f"{_date(passage.dated)} " if passage.dated is not None else ""
        lines.append(f"- {dated}{passage.short_path}: {' '.join(quote.split())} [{number}]")
        citations.append(Citation(n=number, passage=passage, quote=quote, locator=narrow(passage, span)))
    return "\n".join(lines), tuple(citations)


def _best_sentence(passage: Passage) -> Span:
    """Return the sentence that the search marked first, rather one of the text than of its front matter."""
    sentences = [part for part in quotable_sentences(passage.text) if not part.is_heading]
    said = [part for part in sentences if not part.is_metadata] or sentences
    marked = [
        part
        for part in said
        if any(one.start < part.end and part.start < one.end for one in passage.highlights)
    ]
    if best := (marked or said)[:1]:
        return Span(start=best[0].start, end=best[0].end)
    return Span(start=0, end=len(passage.text))


def _of_its_time(asking: Asking, kind: AboutLibrary) -> SearchResult | None:
    """Have the search say what the time of the question confines it to; `None` without a time."""
    # of what somebody wrote then, the time is certainly that of the files.
    return asking.search(f"what did I write {kind.time}", top_k=1) if kind.time else None


def _mentioned(asking: Asking, found: SearchResult, topic: str) -> SearchResult:
    """Search for the words of a topic in quotes, so that no passage is missed for being far in meaning."""
    mixed: dict[int, Passage] = {}
    for each in _alternatives(topic):
        quoted = " ".join(f'"{word}"' for word in _WORD.findall(each) if content_words(word))
        passages = asking.search(quoted, top_k=SEARCHED, filters=found.filters).passages if quoted else ()
        mixed |= {passage.chunk_id: passage for passage in passages}
    return replace(found, passages=tuple(mixed.values())) if mixed else found


def _alternatives(topic: str) -> list[str]:
    """Take "a or b" apart."""
    return re.split(r"\s+or\s+", topic)


def _is_all(passages: Sequence[Passage], files: Sequence[Speaking]) -> bool:
    """Tell whether no more files can be expected behind the passages that were looked through."""
    speaking = {one.chunk_id for file in files for one in file.passages}
    # the passages get worse to the end: where the last ones do not speak of it, those behind do not.
    return len(passages) < SEARCHED or not any(one.chunk_id in speaking for one in passages[-_TAIL:])


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def _speaks(passage: Passage, wanted: set[str], *, is_mention: bool) -> bool:
    held = set(words(" ".join((passage.title, passage.path.stem, *passage.locator.headings, passage.text))))
    if wanted and wanted <= held:
        return True
    if is_mention and wanted:
        return False
    share = len(wanted & held) / len(wanted) if wanted else 0.0
    # only a time or a folder was asked for, and whatever was found is of it.
    return not wanted or passage.similarity + _SHARED_WEIGHT * share >= ENOUGH
