"""One answer held against what was expected of it; pure.

A figure that says nothing of a question is absent, never zero: no source was
named, or nothing was cited. So means are taken over the questions that can tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.citations import marks
from assistant.evaluation.agreement import best, contains, normalised, overlap, token_f1, token_recall
from assistant.evaluation.cases import Case
from assistant.evaluation.metrics import first_rank, is_hit, mean, reciprocal_rank
from assistant.evaluation.sources import Gold
from assistant.types import Answer, Citation
from indexer.types import Passage

SAME_TEXT = 0.5
"""Share of the shorter text that must stand in the longer one for both to be the same passage."""

LONG_WORDS = 12
"""An expected answer with more words is a text, of which no answer has every word."""

ENOUGH_RECALL, ENOUGH_OF_LONG = 0.5, 0.2
"""An answer with fewer words of what is expected, and no quote that says it, is listed as a failure."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one answer is worth."""

    scores: Mapping[str, float]
    """From 0 to 1 by the names in `figures.FIGURES`, those that the question can tell."""

    failure: str
    """What is wrong with it, in a clause; empty if nothing is."""


def judge(case: Case, gold: Gold, answer: Answer, ranked: Sequence[Passage]) -> Judgement:
    """Hold an answer against what was expected.

    Args:
        case: The question.
        gold: Its files and passages, in terms of the index.
        answer: What was answered.
        ranked: What a search for the question finds, best first, deeper than the answer was read from.
    """
    scores = {
        **_retrieval(case, gold, ranked),
        **_citations(case, gold, answer),
        **_wording(case, answer),
        **_decision(case, answer),
    }
    return Judgement(scores, _failure(case, gold, answer, scores))


def without_marks(text: str) -> str:
    """Return an answer without its [n]."""
    kept = list(text)
    for mark in reversed(marks(text)):
        del kept[mark.start : mark.end]
    return "".join(kept)


def _retrieval(case: Case, gold: Gold, ranked: Sequence[Passage]) -> dict[str, float]:
    if not (case.wants_answer and gold.files):
        return {}
    rank = first_rank([passage.path for passage in ranked], gold.all_files)
    found = {
        "hit_at_1": is_hit(rank, within=1),
        "hit_at_5": is_hit(rank, within=5),
        "hit_at_10": is_hit(rank, within=10),
        "mrr_at_10": reciprocal_rank(rank),
    }
    if gold.passages:
        right = (at for at, passage in enumerate(ranked[:10]) if _is_any(passage.path, passage.text, gold))
        found["passage_hit_at_10"] = float(next(right, None) is not None)
    return found


def _citations(case: Case, gold: Gold, answer: Answer) -> dict[str, float]:
    if not (case.wants_answer and gold.files):
        return {}
    found: dict[str, float] = {}
    cited = {citation.passage.path for citation in answer.citations}
    if cited:
        found["citation_precision"] = len(cited & gold.all_files) / len(cited)
    found["citation_recall"] = mean([float(bool(files & cited)) for files in gold.files])
    if gold.passages:
        if answer.citations:
            right = [_is_any(one.passage.path, one.quote, gold) for one in answer.citations]
            found["passage_precision"] = mean([float(each) for each in right])
        found["passage_recall"] = mean(
            [float(_is_cited(files, text, answer.citations)) for files, text in gold.passages]
        )
    return found


def _wording(case: Case, answer: Answer) -> dict[str, float]:
    if not (case.wants_answer and case.answers):
        return {}
    said = without_marks(answer.text)
    return {
        "f1": best(token_f1, said, case.answers) if answer.answered else 0.0,
        "containment": best(contains, said, case.answers) if answer.answered else 0.0,
        "answer_recall": best(token_recall, said, case.answers) if answer.answered else 0.0,
    }


def _decision(case: Case, answer: Answer) -> dict[str, float]:
    """Judge whether it was right to answer; where the files say it in part, either is."""
    if case.answerable not in {"yes", "no"}:
        return {}
    is_silent, refused = case.answerable == "no", not answer.answered
    found = {"decision": float(is_silent == refused)}
    if refused:
        found["refusal_precision"] = float(is_silent)
    if is_silent:
        found["refusal_recall"] = float(refused)
    return found


def _failure(case: Case, gold: Gold, answer: Answer, scores: Mapping[str, float]) -> str:
    if case.answerable == "no":
        return "answered, although the files do not say it" if answer.answered else ""
    if not case.wants_answer:
        return ""
    if scores.get("hit_at_10") == 0:
        is_known = bool(gold.all_files)
        return "the source was not found" if is_known else "the source is not indexed"
    if not answer.answered:
        return "" if case.answerable == "partial" else "refused, although the files say it"
    if scores.get("citation_precision") == 0:
        return "other files are cited"
    return "the expected answer is not in it" if _lacks(case, scores) else ""


def _lacks(case: Case, scores: Mapping[str, float]) -> bool:
    if scores.get("containment", 1.0) or scores.get("passage_precision", 0.0):
        return False
    is_long = min(len(normalised(each)) for each in case.answers) > LONG_WORDS
    return scores["answer_recall"] < (ENOUGH_OF_LONG if is_long else ENOUGH_RECALL)


def _is_any(path: Path, text: str, gold: Gold) -> bool:
    """Tell whether a stretch of a file is one of the passages that say it."""
    return any(
        (not files or path in files) and overlap(text, wanted) >= SAME_TEXT for files, wanted in gold.passages
    )


def _is_cited(files: frozenset[Path], text: str, citations: Sequence[Citation]) -> bool:
    return any(
        (not files or one.passage.path in files) and overlap(one.quote, text) >= SAME_TEXT
        for one in citations
    )
