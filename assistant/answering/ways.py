"""Which way a question is answered that the nearest passages alone do not serve."""

from collections.abc import Generator, Iterator

from assistant.answering.asking import Asking
from assistant.answering.deep import answer_deeply
from assistant.answering.finding import Library
from assistant.answering.kinds import AboutFile, AboutLibrary, kind_of
from assistant.answering.library import answer_from_library
from assistant.answering.results import unless_refused
from assistant.answering.whole import answer_from_file, choose_file, files_meant
from assistant.types import AnswerEvent, Notice


def other_ways(asking: Asking) -> Generator[AnswerEvent, None, Asking | None]:
    """Answer from one file, from the library, or after several searches, where that is what is asked for.

    Text that came with a question is what the question is about, so only a deep search is for it.

    Returns:
        The question where it is to be answered from the passages nearest to it, confined to
        the files that it names; `None` where it is answered.

    Raises:
        UsageError: If a file is to be summarised, and several are called so.
    """
    generator = asking.generator
    kind = None if asking.question.extra.strip() else kind_of(asking.text)
    if isinstance(kind, AboutFile) and isinstance(asking.searcher, Library):
        files = files_meant(kind, asking.question, asking.searcher)
        file = choose_file(kind, files)
        if file is not None and not asking.question.is_deep:
            return (yield from _tried(asking, answer_from_file(asking, file, kind, asking.searcher)))
        if files and kind.is_named:
            asking = asking.within(*(str(each.path) for each in files))
        elif kind.is_named:
            yield Notice(f"no indexed file is called {kind.called}; this is from all of them")
    if asking.question.is_deep and generator is not None:
        return (yield from _tried(asking, answer_deeply(asking, generator)))
    if asking.question.is_deep:
        yield Notice("a deep search takes a model; this is from a single search")
    if isinstance(kind, AboutLibrary):
        return (yield from _tried(asking, answer_from_library(asking, kind)))
    return asking


def _tried(asking: Asking, events: Iterator[AnswerEvent]) -> Generator[AnswerEvent, None, Asking | None]:
    """Answer in one way; return the question where the files do not say and the model itself may."""
    if asking.generator is None or not asking.question.allows_own_knowledge:
        yield from events
        return None
    return None if (yield from unless_refused(events)) else asking
