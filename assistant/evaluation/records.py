"""Results as lines of JSON, to look at and to compare with later ones; pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from assistant.evaluation.running import Result


@dataclass(frozen=True, slots=True)
class Record:
    """What of an earlier result can be compared."""

    id: str
    question: str
    model: str
    scores: dict[str, float]


def to_json(result: Result) -> dict[str, Any]:
    """Return everything that is to be known of one result."""
    case, answer = result.case, result.answer
    return {
        "id": case.id,
        "line": case.line,
        "question": case.question,
        "model": result.model,
        "failure": result.failure,
        "expected": {
            "answerable": case.answerable,
            "answers": list(case.answers),
            "sources": list(case.sources),
        },
        "got": answer
        and {
            "question": answer.question,
            "answered": answer.answered,
            "answer": answer.text,
            "citations": [citation.to_json() for citation in answer.citations],
        },
        "found": list(dict.fromkeys(str(passage.path) for passage in result.ranked))[:10],
        "scores": dict(result.scores),
        "timings_ms": dict(result.timings_ms),
        "tokens": result.tokens,
        "writing_ms": result.writing_ms,
    }


def read_records(lines: Iterable[bytes]) -> list[Record] | None:
    """Read what `kb eval run --output` wrote; `None` if it is something else."""
    records: list[Record] = []
    for line in lines:
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            scores = {str(key): float(score) for key, score in value["scores"].items()}
            records.append(Record(str(value["id"]), str(value["question"]), str(value["model"]), scores))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
    return records
