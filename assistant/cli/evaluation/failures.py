"""What became of single questions: what was asked, what was expected, and what came."""

from collections.abc import Sequence

from assistant.cli import output
from assistant.cli.evaluation.wording import share
from assistant.evaluation.running import Result
from indexer.types import Passage

MOST_SOURCES = 5
_LABEL = 10


def write_results(results: Sequence[Result]) -> None:
    """Print questions one below the other, with answer and sources beside what was expected."""
    for number, result in enumerate(results):
        if number:
            output.write_line()
        _write(result)


def _write(result: Result) -> None:
    case, answer = result.case, result.answer
    output.write_styled(output.bold(f"line {case.line}"), f"  {output.dim(result.failure or 'right')}")
    for turn in case.turns:
        _row("before", turn.question)
    _row("question", case.question)
    if answer and answer.question and answer.question != case.question:
        _row("asked", answer.question)
    for number, expected in enumerate(case.answers):
        _row("expected" if not number else "or", expected)
    if case.answerable not in {"yes", "unknown"}:
        _row("in files", case.answerable)
    if case.sources:
        _row("source", ", ".join(case.sources[:MOST_SOURCES]))
    if answer is None:
        return
    _row("got", answer.text if answer.answered else "not in your files")
    for citation in answer.citations:
        where = citation.locator.describe()
        place = citation.passage.short_path + (f", {where}" if where else "")
        _row(f"[{citation.n}]", place)
    if not answer.answered or "the source was" in result.failure:
        _row("found", ", ".join(_files(result.ranked)))
    if scores := [f"{key} {share(value)}" for key, value in result.scores.items()]:
        _row("scores", ", ".join(scores))


def _files(ranked: Sequence[Passage]) -> list[str]:
    return list(dict.fromkeys(passage.short_path for passage in ranked))[:MOST_SOURCES]


def _row(label: str, text: str) -> None:
    output.write_wrapped(text, indent=" " * (_LABEL + 2), label=f"  {label}")
