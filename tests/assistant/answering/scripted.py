"""Files that can be named and read, and a model that says one thing after another."""

import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.answering import answer
from assistant.config import AnswerSettings
from assistant.engine.types import ChatOptions, Delta, Finished, Progress, Usage
from assistant.types import Answer, AnswerEvent, AnswerFinished, AnswerText, Message, Notice, Question, Step
from indexer.catalog.naming import _Name
from indexer.types import EVERYTHING, FileStatus, FileText, Filters, NamedFile, Passage, SearchResult
from tests.fakes import VAULT, FakeSearcher, make_passage


def cut(name: str, text: str, *, dated: float | None = None) -> list[Passage]:
    """Cut a text into passages at blank lines; lines that begin with "#" are headings."""
    passages: list[Passage] = []
    headings: dict[int, str] = {}
    line = 1
    for block in text.strip("\n").split("\n\n"):
        for each in block.splitlines():
            if each.startswith("#"):
                level = len(each) - len(each.lstrip("#"))
                headings = {depth: told for depth, told in headings.items() if depth < level}
                headings[level] = each.lstrip("# ")
        passage = make_passage(block, name=name, line_start=line, headings=tuple(headings.values()))
        passages.append(replace(passage, dated=dated))
        line += block.count("\n") + 2
    return passages


_WORD = re.compile(r"\w+")


class FakeLibrary(FakeSearcher):
    """A searcher that holds the text of files, and finds in it the passages with most of a query's words.

    Args:
        files: The passages of each file, in reading order.
        reasons: Why a file holds no text.
    """

    def __init__(self, *files: Sequence[Passage], reasons: dict[str, str] | None = None) -> None:
        super().__init__()
        self.files = {passages[0].path: tuple(passages) for passages in files}
        self.reasons = {VAULT / name: reason for name, reason in (reasons or {}).items()}
        self.read: list[Path] = []

    def search(
        self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, beside: str = ""
    ) -> SearchResult:
        """Rank all passages of the files that are searched by the words they share with the query."""
        self.asked.append((query, top_k, filters))
        self.beside.append(beside)
        wanted = set(_WORD.findall(query.casefold()))
        ranked = sorted(
            (
                (len(wanted & set(_WORD.findall(passage.text.casefold()))), -at, passage)
                for path, passages in self.files.items()
                for at, passage in enumerate(passages)
                if not filters.within or str(path) in filters.within
            ),
            key=lambda item: item[:2],
            reverse=True,
        )
        return SearchResult(
            passages=tuple(passage for shared, _, passage in ranked[:top_k] if shared),
            as_of=1.0,
            pending=0,
            took_ms=1.0,
            question=query,
            filters=filters,
        )

    def resolve(self, names: Sequence[str]) -> list[list[NamedFile]]:
        """Find files as the catalog does."""
        paths = [*self.files, *self.reasons]
        found: list[list[NamedFile]] = []
        for name in names:
            fits = [
                (fit, path) for path in paths if (fit := _Name(name).fit(str(path), path.stem)) is not None
            ]
            best = min((fit for fit, _ in fits), default=0)
            found.append([self._named(path) for fit, path in fits if fit == best])
        return found

    def passages_of(self, path: Path) -> FileText:
        """Return all of a file."""
        self.read.append(path)
        return FileText(self.files.get(path, ()), len(self.files.get(path, ())))

    def _named(self, path: Path) -> NamedFile:
        return NamedFile(
            path=path,
            root=VAULT,
            title=path.stem,
            status=FileStatus.FAILED if path in self.reasons else FileStatus.INDEXED,
            reason=self.reasons.get(path, ""),
            chunks=len(self.files.get(path, ())),
        )


class ScriptedGenerator:
    """Says one text after another, one token per word; what it was asked is kept.

    Args:
        texts: What it says in turn; the last one for ever.
        context_tokens: Context it claims to have.
    """

    model_name = "scripted.gguf"

    def __init__(self, *texts: str, context_tokens: int = 4096) -> None:
        self._texts = texts
        self._context_tokens = context_tokens
        self.asked: list[Sequence[Message]] = []
        self.options: list[ChatOptions] = []
        self.open_chats = 0

    def wait_ready(self) -> dict[str, Any]:
        """Claim to be loaded."""
        return {"state": "ready", "context_tokens": self._context_tokens}

    def count_tokens(self, text: str) -> int:
        """Count words."""
        return len(text.split())

    def chat(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> Generator[Delta | Progress | Finished, None, None]:
        """Say the next text."""
        prompt = sum(len(message.content.split()) for message in messages)
        assert prompt + options.max_tokens <= self._context_tokens, "prompt and answer exceed the context"
        text = self._texts[min(len(self.asked), len(self._texts) - 1)]
        self.asked.append(list(messages))
        self.options.append(options)
        self.open_chats += 1
        try:
            yield Progress(queued=0, read_share=0.5)
            for word in text.split(" "):
                yield Delta("text", word + " ")
            yield Finished(
                reason="stop", usage=Usage(prompt_tokens=prompt, cached_tokens=0, completion_tokens=1)
            )
        finally:
            self.open_chats -= 1


def ask(
    question: str | Question,
    searcher: FakeSearcher,
    generator: ScriptedGenerator | None = None,
    settings: AnswerSettings | None = None,
) -> list[AnswerEvent]:
    """Return every event of an answer."""
    asked = Question(text=question) if isinstance(question, str) else question
    settings = settings or AnswerSettings()
    return list(answer(asked, searcher=searcher, generator=generator, settings=settings))


def finished(events: Sequence[AnswerEvent]) -> Answer:
    """Return the answer that the events end with."""
    assert isinstance(events[-1], AnswerFinished)
    return events[-1].answer


def shown(events: Sequence[AnswerEvent]) -> str:
    """Return the text that was shown."""
    return "".join(event.text for event in events if isinstance(event, AnswerText)).strip()


def notices(events: Sequence[AnswerEvent]) -> list[str]:
    """Return what a person is told beside the answer."""
    return [event.text for event in events if isinstance(event, Notice)]


def steps(events: Sequence[AnswerEvent]) -> list[Step]:
    """Return the steps, each once."""
    return list(dict.fromkeys(event for event in events if isinstance(event, Step)))


def are_exact(result: Answer) -> bool:
    """Tell whether every citation's lines are those on which its quote stands."""
    for one in result.citations:
        passage = one.passage
        assert passage.locator.line_start is not None
        assert one.locator.line_start is not None
        first = one.locator.line_start - passage.locator.line_start
        if one.quote.splitlines()[0] not in passage.text.splitlines()[first]:
            return False
    return bool(result.citations)
