"""What an evaluation came to, printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.cli import diagnostics, output
from assistant.cli.evaluation import failures, tables
from assistant.cli.evaluation.asking import Run
from assistant.evaluation.cases import BadLine, Case
from assistant.evaluation.comparing import Difference, compare
from assistant.evaluation.figures import Summary, by_group, summarise
from assistant.evaluation.records import Record
from assistant.times import counted
from indexer.errors import KbError

Differences = Mapping[str, Sequence[Difference]]
"""How runs differ from earlier ones, by the name of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A whole evaluation."""

    file: Path
    cases: Sequence[Case]
    bad: Sequence[BadLine]
    runs: Sequence[Run]
    is_complete: bool

    def errors(self, failed: Sequence[KbError]) -> list[KbError]:
        """List what went wrong, whole models first."""
        return [*failed, *(error for run in self.runs for error in run.errors())]

    def extent(self) -> str:
        """Say how many questions the last run has asked."""
        done = len(self.runs[-1].results) if self.runs else 0
        return f"{done} of {counted(len(self.cases), 'question')}"


def write(
    outcome: Outcome, *, by: str | None, show: str | None, earlier: Sequence[Record] | None, as_json: bool
) -> None:
    """Print what an evaluation came to.

    Args:
        outcome: Of it.
        by: A field of the set whose values are told apart.
        show: Which single questions are listed: "failures", "all" or none.
        earlier: Results to compare with.
        as_json: Whether it is one object.
    """
    runs = [run for run in outcome.runs if run.results]
    differences = {} if earlier is None else {run.name: _differences(run, earlier) for run in runs}
    if as_json:
        output.write_json(_to_json(outcome, runs, by, differences))
        return
    if len(runs) == 1:
        output.write_line(_heading(outcome, runs[0]))
        tables.write_list(runs[0].summary())
    elif runs:
        output.write_line(f"{counted(len(outcome.cases), 'question')} of {outcome.file.name}")
        tables.write_runs([(run, run.summary()) for run in runs])
        output.write_line()
        first, *others = runs
        tables.write_contrasts(first, [(run, compare(_scores(first), _scores(run))) for run in others])
    for run in runs:
        if by is not None:
            _title(run, f"by {by}", is_needed=len(runs) > 1)
            tables.write_parts(_parts(run, by), by)
        if found := differences.get(run.name):
            _title(run, "compared with before", is_needed=len(runs) > 1)
            tables.write_differences(found)
        if show is not None:
            _title(run, show, is_needed=len(runs) > 1)
            failures.write_results([each for each in run.results if show == "all" or each.failure])
        _mention(run, is_listed=show is not None)


def _heading(outcome: Outcome, run: Run) -> str:
    how = f"by {run.name}" if run.name else "in the files' own words"
    return f"{counted(len(run.results), 'question')} of {outcome.file.name}, answered {how}"


def _title(run: Run, what: str, *, is_needed: bool) -> None:
    output.write_line()
    if is_needed:
        output.write_styled(output.bold(f"{run.name or tables.NO_MODEL}, {what}"))


def _mention(run: Run, *, is_listed: bool) -> None:
    """Say what the figures leave out."""
    name = f"{run.name}: " if run.name else ""
    if errors := run.errors():
        kinds = "; ".join(dict.fromkeys(error.message for error in errors))
        diagnostics.notice(f"{name}{counted(len(errors), 'question')} ended in an error: {kinds}")
    untold = sum(not each.scores and each.error is None for each in run.results)
    if untold:
        diagnostics.notice(f"{name}of {counted(untold, 'question')} nothing is known to judge by")
    failed = sum(bool(each.failure) and each.error is None for each in run.results)
    if failed and not is_listed:
        diagnostics.notice(
            f"{name}{counted(failed, 'question')} came out wrong", hint="`--show failures` lists them"
        )


def _parts(run: Run, by: str) -> dict[str, Summary]:
    groups = by_group(run.results, lambda result: result.case.fields.get(by, "-"))
    return {name: summarise(results) for name, results in groups.items()}


def _differences(run: Run, earlier: Sequence[Record]) -> list[Difference]:
    """Compare with the earlier results of the same model, or with those of the only one there was."""
    names = {record.model for record in earlier}
    name = run.name if run.name in names or len(names) > 1 else next(iter(names))
    before = {f"{each.id}\n{each.question}": each.scores for each in earlier if each.model == name}
    return compare(before, _scores(run))


def _scores(run: Run) -> dict[str, Mapping[str, float]]:
    return {f"{each.case.id}\n{each.case.question}": each.scores for each in run.results}


def _to_json(
    outcome: Outcome, runs: Sequence[Run], by: str | None, differences: Differences
) -> dict[str, Any]:
    return {
        "file": str(outcome.file),
        "questions": len(outcome.cases),
        "is_complete": outcome.is_complete,
        "bad_lines": [{"line": each.line, "reason": each.reason} for each in outcome.bad],
        "runs": [
            {
                "model": run.name or None,
                "cost": run.cost,
                "errors": len(run.errors()),
                "failures": sum(bool(each.failure) for each in run.results),
                "figures": run.summary().to_json(),
                **({"by": _parts_json(run, by)} if by is not None else {}),
                **(
                    {"differences": [each.to_json() for each in differences[run.name]]}
                    if run.name in differences
                    else {}
                ),
            }
            for run in runs
        ],
    }


def _parts_json(run: Run, by: str) -> dict[str, Any]:
    return {name: each.to_json() for name, each in _parts(run, by).items()}
