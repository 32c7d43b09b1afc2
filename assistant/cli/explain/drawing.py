"""An explanation, laid out for people: one stage below the other."""

import time
from collections.abc import Sequence

from assistant.cli import output, screen
from assistant.evidence import ENOUGH, HOPELESS
from assistant.explaining import Explanation, Reading
from assistant.models.layout import Column, lay_out
from assistant.stories import rows as why_rows
from assistant.support import BORNE
from assistant.terminal import plain_line
from assistant.times import counted
from indexer.types import (
    CandidateTrace,
    FileOutcome,
    FileTrace,
    Filters,
    Outcome,
    SearchTrace,
    WordTrace,
    WordUse,
)

MOST_CANDIDATES = 16
"""Candidates that are listed; `--json` has all."""

_USES = {
    WordUse.SEARCHED: "looked for",
    WordUse.BEGINNING: "no file holds it; looked for as a beginning",
    WordUse.CORRECTED: "no file holds it; looked for",
    WordUse.COMMON: "in too many places to tell anything",
    WordUse.SURPLUS: "left out: there are rarer ones enough",
    WordUse.UNKNOWN: "no file holds it, nor anything like it",
}
_OUTCOMES = {
    Outcome.SHOWN: "passage",
    Outcome.JOINED: "part of",
    Outcome.FOLDED: "repeats",
    Outcome.CROWDED_OUT: "crowded out",
    Outcome.LEFT_OVER: "left over",
}


def write_explanation(explained: Explanation, *, typed: str) -> None:
    """Print an explanation.

    Args:
        explained: All of it.
        typed: The question as it was typed.
    """
    _heading("Question")
    _fact("typed", typed)
    if explained.answer.question and explained.answer.question != typed:
        _fact("searched for", explained.answer.question)
    for name, value in _confined(explained.answer.filters):
        _fact(name, value)
    for remark in explained.remarks:
        _fact("note", remark)
    for number, trace in enumerate(explained.searches, start=1):
        several = f" {number} of {len(explained.searches)}" if len(explained.searches) > 1 else ""
        _write_search(trace, several)
        if trace.file is not None:
            _write_file(trace.file, shown=len(trace.result.passages))
    _write_decision(explained)
    if explained.readings:
        _write_readings(explained.readings)
    _write_answer(explained)


def _write_search(trace: SearchTrace, several: str) -> None:
    _heading(f"Words{several}")
    if trace.words:
        _table(_word_columns(trace.words))
    if trace.phrases:
        how = "must stand side by side" if trace.is_exact else "count more side by side"
        _fact("phrases", f"{', '.join(f'“{phrase}”' for phrase in trace.phrases)} ({how})")
    if trace.result.question and trace.embedded != trace.result.question:
        _fact("by meaning", trace.embedded)
    _heading(f"Search{several}")
    _fact(
        "looked in",
        f"{counted(trace.chunks, 'chunk')}, the first {trace.depth} by words and by meaning:"
        f" {counted(len(trace.candidates), 'candidate')}",
    )
    _fact("score", " + ".join(f"{weight:.2f} × {name}" for name, weight in trace.weights.items()))
    _fact("reranker", trace.reranker)
    _fact("took", ", ".join(f"{name} {taken:.0f} ms" for name, taken in trace.stages_ms.items()))
    if trace.candidates:
        output.write_line()
        _table(_candidate_columns(trace.candidates[:MOST_CANDIDATES]))
    if len(trace.candidates) > MOST_CANDIDATES:
        left = len(trace.candidates) - MOST_CANDIDATES
        output.write_styled("  ", output.dim(f"and {left} more, in --json"))


def _word_columns(words: Sequence[WordTrace]) -> list[Column]:
    return [
        Column("WORD", [plain_line(word.word) for word in words]),
        Column("CHUNKS", [f"{word.chunks:,}" for word in words], is_number=True),
        Column("RARITY", [f"{word.rarity:.1f}" for word in words], is_number=True),
        Column("", [_use(word) for word in words]),
    ]


def _use(word: WordTrace) -> str:
    return plain_line(" ".join((_USES[word.use], ", ".join(word.instead))).strip())


def _candidate_columns(candidates: Sequence[CandidateTrace]) -> list[Column]:
    features = list(dict.fromkeys(name for each in candidates for name in each.features))
    return [
        Column("FILE", [plain_line(f"{each.path.name} {_where(each)}".strip()) for each in candidates]),
        Column("SCORE", [f"{each.score:.3f}" for each in candidates], is_number=True),
        Column("WORDS", [_rank(each.lexical_rank) for each in candidates], is_number=True),
        Column("MEANING", [_rank(each.dense_rank) for each in candidates], is_number=True),
        Column("", [_outcome(each) for each in candidates]),
        *(
            Column(
                name.upper(),
                [f"{each.features[name]:.2f}" if name in each.features else "" for each in candidates],
                is_number=True,
                rank=at,
            )
            for at, name in enumerate(features, start=1)
        ),
    ]


def _where(candidate: CandidateTrace) -> str:
    place = candidate.locator
    if place.page_start is not None:
        return f"p{place.page_start}"
    return "" if place.line_start is None else f":{place.line_start}"


def _rank(rank: int | None) -> str:
    return "-" if rank is None else str(rank)


def _outcome(candidate: CandidateTrace) -> str:
    said = _OUTCOMES[candidate.outcome]
    return said if candidate.place is None else f"{said} {candidate.place}"


def _write_file(file: FileTrace, *, shown: int) -> None:
    _heading("File")
    _fact("path", str(file.path))
    _fact("outcome", file.verdict)
    if file.best is not None:
        best = file.best
        _fact("best chunk", f"{best.locator.describe() or 'the whole'}: {best.excerpt}")
        features = ", ".join(f"{name} {value:.2f}" for name, value in best.features.items())
        _fact("its score", f"{best.score:.3f} ({features})")
        if best.reason:
            _fact("because", best.reason)
    if file.behind is not None and file.behind > 0:
        _fact("behind", f"{file.behind:.3f} below the last passage's score")
    if advice := _advice(file, shown):
        _fact("would help", advice)
    if not file.why.get("is_findable", True):
        for name, value in why_rows(file.why, now=time.time())[1:]:
            _fact(name, value)


def _advice(file: FileTrace, shown: int) -> str:
    """Say what would bring a file among the passages; empty where it is, or the ledger says it."""
    match file.outcome:
        case FileOutcome.NOT_FOUND:
            return "asking with a word that stands in it and in few other files, or `--in` its folder"
        case FileOutcome.LEFT_OVER | FileOutcome.CROWDED_OUT:
            return f"more passages than {shown} (`-n`), or `--in` its folder"
        case FileOutcome.FILTERED_OUT:
            return "asking without what the question is confined to"
        case _:
            return ""


def _write_decision(explained: Explanation) -> None:
    """Print what the decision rests on that the files say it."""
    _heading("Do the files say it?")
    grounds = next((trace.result.grounds for trace in explained.searches if trace.result.grounds), None)
    if grounds is not None:
        lead = "not known, with so few files" if grounds.lead is None else f"{grounds.lead:+.2f}"
        _fact("words", f"{grounds.lexical:.2f} × what a place with the question's rarest words gets by them")
        _fact("meaning", f"{grounds.closeness:.2f} is the closest; lead over the rest of the library {lead}")
    least, what = (HOPELESS, "a model is asked") if explained.readings else (ENOUGH, "they are quoted")
    _fact("likely", f"{explained.answer.evidence:.2f}; from {least:g} on {what}")


def _write_readings(readings: Sequence[Reading]) -> None:
    _heading("Reading")
    for reading in readings:
        share = reading.prompt_tokens / reading.context_tokens if reading.context_tokens else 0
        _fact("model", reading.model)
        _fact(
            "prompt",
            f"{counted(reading.prompt_tokens, 'token')}, {share:.0%} of a context of"
            f" {reading.context_tokens:,}; {counted(reading.answer_tokens, 'token')} written",
        )


def _write_answer(explained: Explanation) -> None:
    answered = explained.answer
    _heading("Answer")
    if not answered.answered:
        _fact("refused", "not in your files; the nearest passages are shown in place of an answer")
    for each in explained.statements:
        marks = "".join(f"[{number}]" for number in each.numbers) or "no mark"
        verdict = "" if each.is_borne else f", not borne (from {BORNE:g} on)"
        _fact(marks, f"{each.text}")
        _fact("", f"borne {each.score:.2f}{verdict}")
    for citation in answered.citations:
        where = citation.locator.describe()
        _fact(f"source [{citation.n}]", citation.passage.short_path + (f", {where}" if where else ""))
    _fact("took", ", ".join(f"{name} {taken:.0f} ms" for name, taken in answered.timings_ms.items()))


def _confined(filters: Filters) -> list[tuple[str, str]]:
    """Return what a search was confined to, in words."""
    found: list[tuple[str, str]] = []
    for name, value in filters.to_json().items():
        if isinstance(value, float | int):
            said = time.strftime("%Y-%m-%d %H:%M", time.localtime(value))
        else:
            said = ", ".join(map(str, value))
        found.append((name, said))
    return found


def _heading(text: str) -> None:
    output.write_line()
    output.write_styled(output.bold(text))


def _fact(name: str, value: str) -> None:
    output.write_wrapped(value, indent=" " * 14, label=f"  {name:12}")


def _table(columns: Sequence[Column]) -> None:
    if not screen.has_screen():
        cells = ([each.heading, *each.cells] for each in columns)
        output.write_table(zip(*cells, strict=True))
        return
    heading, *rows = lay_out(columns, screen.width() - 2)
    output.write_row(f"  {heading}", style="dim")
    for row in rows:
        output.write_row(f"  {row}")
