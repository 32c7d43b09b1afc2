"""How fast an answer was written, and which passages its numbers stand for while it is."""

from collections.abc import Generator, Iterator, Sequence

from assistant.answering import answer
from assistant.config import AnswerSettings
from assistant.engine.types import ChatOptions, Delta, Finished, Progress, Usage
from assistant.generating import Watched
from assistant.prompting import NOT_FOUND
from assistant.types import AnswerEvent, AnswerFinished, AnswerText, Cited, Message, Question
from tests.fakes import FakeGenerator, FakeSearcher, make_passage

RENT = make_passage("The rent is due on 5 May.\nIt is 4,200 kr.", name="lease.md")
KEY = make_passage("The key is under the pot.", name="key.md")


class Timed(FakeGenerator):
    """Says how many tokens it wrote, and how long that took.

    Args:
        pieces: What it writes.
        generation_ms: How long it took; `None` does not say.
    """

    def __init__(self, pieces: Sequence[str], *, generation_ms: float | None) -> None:
        super().__init__(pieces)
        self._timings = {} if generation_ms is None else {"generation": generation_ms}

    def chat(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> Generator[Delta | Progress | Finished, None, None]:
        """Write the script."""
        for piece in super().chat(messages, options):
            if isinstance(piece, Finished):
                usage = Usage(prompt_tokens=9, cached_tokens=0, completion_tokens=51)
                yield Finished(reason="stop", usage=usage, timings_ms=dict(self._timings))
            else:
                yield piece

    def loading(self) -> Iterator[float]:
        """Be half loaded once."""
        yield 0.5


def ask(generator: FakeGenerator | None, question: str = "When is the rent due?") -> list[AnswerEvent]:
    """Return every event of an answer."""
    return list(
        answer(
            Question(text=question),
            searcher=FakeSearcher([RENT, KEY]),
            generator=generator,
            settings=AnswerSettings(),
        )
    )


def tokens_per_s(events: list[AnswerEvent]) -> float:
    """Return how fast the answer says it was written."""
    finished = events[-1]
    assert isinstance(finished, AnswerFinished)
    assert finished.answer.to_json()["tokens_per_s"] == finished.answer.tokens_per_s
    return finished.answer.tokens_per_s


def test_an_answer_says_how_fast_it_was_written() -> None:
    """Of 51 tokens 50 were written in the time of writing."""
    assert tokens_per_s(ask(Timed(["The rent is due on 5 May [1]."], generation_ms=2000))) == 25


def test_what_a_server_does_not_say_is_measured() -> None:
    """From its first piece to its end."""
    assert tokens_per_s(ask(Timed(["The rent is due on 5 May [1]."], generation_ms=None))) > 0


def test_what_no_model_wrote_has_no_pace() -> None:
    """Answers in the files' own words, and refusals."""
    assert tokens_per_s(ask(None)) == 0
    assert tokens_per_s(ask(Timed([NOT_FOUND], generation_ms=2000))) == 0


def test_the_loading_of_a_watched_model_is_told() -> None:
    """Watching hides nothing of what a generator can tell."""
    assert list(Watched(Timed([], generation_ms=1), lambda _: None).loading()) == [0.5]
    assert list(Watched(FakeGenerator(), lambda _: None).loading()) == []


def test_a_number_is_explained_before_it_is_shown() -> None:
    """Sources are numbered in the order of their use, so the second passage may be number 1."""
    pieces = ["The key is under the pot [2]. ", "The rent is due on 5 May [1]."]
    known: tuple[str, ...] = ()
    shown = ""
    for event in ask(Timed(pieces, generation_ms=1), "Where is the key, and when is the rent due?"):
        if isinstance(event, Cited):
            known = tuple(passage.path.name for passage in event.passages)
        if isinstance(event, AnswerText):
            shown += event.text
            assert len(known) >= ("[1]" in shown) + ("[2]" in shown)
    assert known == ("key.md", "lease.md")
    assert "pot [1]" in shown
