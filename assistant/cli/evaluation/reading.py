"""Reading a set of questions, and choosing which of them are asked."""

import random
from collections.abc import Sequence
from pathlib import Path

from assistant.cli import diagnostics
from assistant.evaluation.cases import BadLine, Case, read_cases
from assistant.evaluation.records import Record, read_records
from assistant.evaluation.sources import IndexedFiles
from assistant.times import counted
from indexer.errors import UsageError

MOST_NAMED = 5
"""Bad lines and unknown sources that are named one by one."""

MOST_PARTS = 50
"""Values of a field that are proposed to be told apart."""


def read_set(file: Path) -> tuple[list[Case], list[BadLine]]:
    """Read a set, and say of every line that is no question why it is none.

    Raises:
        UsageError: If the file cannot be read, or holds no question.
    """
    try:
        with file.open("rb") as lines:
            cases, bad = read_cases(lines)
    except OSError as error:
        raise UsageError(f"{file}: {(error.strerror or str(error)).lower()}") from error
    for line in bad:
        diagnostics.notice(f"{file.name}, line {line.line}: {line.reason}")
    if not cases:
        raise UsageError(
            f"{file} holds no question",
            hint='one JSON object a line: {"question": "…", "answer": "…", "source": "notes/plan.md"}',
        )
    return cases, bad


def choose(cases: Sequence[Case], *, limit: int | None, sample: int | None, seed: int) -> list[Case]:
    """Return the questions that are asked, in the order of the set.

    Args:
        cases: All of them.
        limit: Only the first so many.
        sample: Only so many drawn at random, before the limit.
        seed: Draws the same ones again.
    """
    chosen = list(cases)
    if sample is not None and sample < len(chosen):
        chosen = sorted(random.Random(seed).sample(chosen, sample), key=lambda case: case.line)
    return chosen[:limit]


def check_field(name: str, cases: Sequence[Case]) -> None:
    """Refuse a field that no question has.

    Raises:
        UsageError: If that is so; names those that there are.
    """
    if any(name in case.fields for case in cases):
        return
    values: dict[str, set[str]] = {}
    for case in cases:
        for field, value in case.fields.items():
            values.setdefault(field, set()).add(value)
    # a field that is another one for every question parts nothing.
    useful = [
        field for field, found in values.items() if len(found) <= MOST_PARTS and len(found) < len(cases)
    ]
    raise UsageError(
        f"no question has a field {name!r}",
        hint=f"these may be told apart: {', '.join(useful)}" if useful else "",
    )


def read_earlier(file: Path) -> list[Record]:
    """Read the results of an earlier run.

    Raises:
        UsageError: If they cannot be read, or are none.
    """
    try:
        with file.open("rb") as lines:
            records = read_records(lines)
    except OSError as error:
        raise UsageError(f"{file}: {(error.strerror or str(error)).lower()}") from error
    if not records:
        raise UsageError(
            f"{file} holds no results of an earlier run", hint="`kb eval run … --output FILE` writes them"
        )
    return records


def mention_sources(files: IndexedFiles, cases: Sequence[Case]) -> None:
    """Say which sources cannot be found, because they are not indexed or their names fit several files."""
    if unknown := files.unknown(cases):
        diagnostics.notice(
            f"{counted(len(unknown), 'source')} {'is' if len(unknown) == 1 else 'are'} not indexed:"
            f" {_named(unknown)}",
            hint="`kb why FILE` says why; `--corpus FOLDER` asks a folder that is not indexed",
        )
    if ambiguous := files.ambiguous(cases):
        diagnostics.notice(
            f"{counted(len(ambiguous), 'source')} could be several files, and any of them counts:"
            f" {_named(ambiguous)}"
        )


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
