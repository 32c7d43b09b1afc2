"""Asking the questions of a set, and keeping what came of it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from assistant.config import AnswerSettings
from assistant.engine.types import Finished, Usage
from assistant.evaluation.cases import Case
from assistant.evaluation.records import read_records, to_json
from assistant.evaluation.running import GIVE_UP_AFTER, Rankings, Result, SamePassages, run
from assistant.evaluation.sources import Gold, IndexedFiles, without_sources
from assistant.types import Turn
from indexer.errors import DaemonError
from indexer.types import EVERYTHING, Filters, SearchResult
from tests.fakes import VAULT, FakeGenerator, FakeSearcher, make_passage

RENT = make_passage("The rent is 4,200 kr a month.", name="lease.md", similarity=0.8)
WIFI = make_passage("The wifi password of the cabin is blue-heron-77.", name="wifi.md", similarity=0.3)
FILES = IndexedFiles([RENT.path, WIFI.path], [VAULT])


def case(number: int = 1, **more: Any) -> Case:
    """Ask for the rent, which the lease tells."""
    given = {"answers": ("4,200 kr",), "sources": ("lease.md",), "answerable": "yes", **more}
    return Case(**{"id": str(number), "line": number, "question": "How much is the rent?", **given})


def results_of(cases: Sequence[Case], searcher: Any, generator: Any = None, **more: Any) -> list[Result]:
    """Run to the end."""
    golds = {each.id: FILES.gold_of(each) for each in cases}
    settings = AnswerSettings(passages=2)
    return list(
        run(
            cases,
            golds,
            searcher=searcher,
            rankings=Rankings(searcher.searcher if isinstance(searcher, Counting) else FakeSearcher([RENT])),
            generator=generator,
            settings=settings,
            **more,
        )
    )


class Counting(SamePassages):
    """Counts how often it was asked in earnest."""

    def __init__(self, searcher: FakeSearcher) -> None:
        super().__init__(searcher)
        self.searcher = searcher


def test_an_answer_is_judged_by_a_deeper_search_than_it_was_made_from() -> None:
    """The right file is third, beyond the two passages that were read, and found all the same."""
    others = [make_passage(f"Nothing about it, {n}.", name=f"{n}.md", similarity=0.1) for n in range(2)]
    searcher = FakeSearcher([*others, RENT])
    golds = {"1": FILES.gold_of(case())}
    (result,) = run(
        [case()],
        golds,
        searcher=searcher,
        rankings=Rankings(searcher),
        generator=None,
        settings=AnswerSettings(passages=2),
    )
    assert result.scores["mrr_at_10"] == pytest.approx(1 / 3)
    assert [top_k for _, top_k, _ in searcher.asked] == [2, 50]


def test_an_answer_by_a_model_counts_its_tokens() -> None:
    """The first one is chosen while the prompt is read, so it takes no time of its own."""

    class Timed(FakeGenerator):
        def chat(self, messages: Any, options: Any) -> Any:
            for piece in super().chat(messages, options):
                if isinstance(piece, Finished):
                    usage = Usage(prompt_tokens=50, cached_tokens=0, completion_tokens=21)
                    yield Finished(reason="stop", usage=usage, timings_ms={"generation": 400.0})
                else:
                    yield piece

    (result,) = results_of([case()], FakeSearcher([RENT]), Timed(["The rent is 4,200 kr [1]."]))
    assert result.model == "scripted.gguf"
    assert (result.tokens, result.writing_ms) == (20, 400.0)
    assert result.scores["containment"] == 1
    assert result.failure == ""


def test_what_was_said_before_goes_along_unless_it_is_not_wanted() -> None:
    """A question with history is asked with its turns."""
    turn = Turn(question="What of the cabin?", standalone="What of the cabin?", answer="It is red.")
    follow_up = case(question="And its rent?", turns=(turn,))
    for has_history in (True, False):
        generator = FakeGenerator(["4,200 kr [1]"])
        results_of([follow_up], FakeSearcher([RENT]), generator, has_history=has_history)
        assert any("What of the cabin?" in each.content for each in generator.messages) == has_history


def test_files_that_are_left_out_are_not_searched() -> None:
    """The question is the same, and the search is confined to all other files."""
    searcher = FakeSearcher([WIFI])
    pair = without_sources(case(), FILES.gold_of(case()))
    assert pair is not None
    asked, gold = pair
    (result,) = run(
        [asked],
        {asked.id: gold},
        searcher=searcher,
        rankings=Rankings(searcher),
        generator=None,
        settings=AnswerSettings(),
    )
    assert [filters.exclude for _, _, filters in searcher.asked] == [(str(RENT.path),)] * 2
    assert asked.question == case().question
    assert result.scores["refusal_recall"] == 1


@pytest.mark.parametrize(
    "more", [{"answerable": "no"}, {"sources": ()}, {"sources": ("gone.md", "lease.md")}]
)
def test_what_cannot_be_left_out_is_not_asked_again(more: dict[str, Any]) -> None:
    """Unanswerable anyhow, or it is not known by which files it is answered."""
    assert without_sources(case(**more), FILES.gold_of(case(**more))) is None


class Failing(FakeSearcher):
    """Fails for some questions."""

    def __init__(self, wrong: Sequence[str]) -> None:
        super().__init__([RENT])
        self._wrong = wrong

    def search(
        self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, beside: str = ""
    ) -> SearchResult:
        """Find the rent, or nothing at all."""
        if query in self._wrong:
            raise DaemonError("the indexer is gone")
        return super().search(query, top_k=top_k, filters=filters, beside=beside)


def test_one_question_that_goes_wrong_leaves_the_others_alone() -> None:
    """It is a result without an answer, and says why."""
    cases = [case(1, question="wrong?"), case(2)]
    wrong, right = results_of(cases, Failing(["wrong?"]))
    assert wrong.answer is None
    assert wrong.failure == "the indexer is gone"
    assert right.answer is not None
    assert right.failure == ""


def test_several_in_a_row_end_the_run() -> None:
    """Who is not there will not be there for the hundredth question either."""
    cases = [case(number, question="wrong?") for number in range(1, 9)]
    came: list[Result] = []
    golds = {each.id: Gold() for each in cases}
    searcher = Failing(["wrong?"])
    with pytest.raises(DaemonError):
        came.extend(
            run(
                cases,
                golds,
                searcher=searcher,
                rankings=Rankings(searcher),
                generator=None,
                settings=AnswerSettings(),
            )
        )
    assert len(came) == GIVE_UP_AFTER


def test_a_comparison_reads_the_same_passages_and_searches_once() -> None:
    """The second to answer gets what the first one found, and the time that this took."""
    searcher = Counting(FakeSearcher([RENT, WIFI]))
    (first,) = results_of([case()], searcher)
    asked = len(searcher.searcher.asked)
    (second,) = results_of([case()], searcher, FakeGenerator(["4,200 kr [1]"]))
    # one more, for the places of the files.
    assert len(searcher.searcher.asked) == asked + 1
    assert first.answer is not None
    assert second.answer is not None
    assert first.answer.passages == second.answer.passages == (RENT, WIFI)
    assert second.timings_ms["search"] > second.answer.timings_ms["search"]


def test_results_are_kept_as_lines_and_read_again() -> None:
    """What comparing needs of them comes back; all else is there to look at."""
    results = results_of([case()], FakeSearcher([RENT]))
    line = json.dumps(to_json(results[0])).encode()
    records = read_records([line, b"\n"])
    assert records is not None
    assert (records[0].id, records[0].question, records[0].model) == ("1", "How much is the rent?", "")
    assert records[0].scores == results[0].scores
    kept = json.loads(line)
    assert kept["got"]["citations"][0]["path"] == str(RENT.path)
    assert kept["found"] == [str(RENT.path)]
    assert kept["expected"]["answers"] == ["4,200 kr"]


@pytest.mark.parametrize("line", [b"[]", b"{}", b"not json", b'{"id": 1, "question": "", "scores": 5}'])
def test_other_files_are_no_results(line: bytes) -> None:
    """A set of questions in their place is noticed."""
    assert read_records([line]) is None
