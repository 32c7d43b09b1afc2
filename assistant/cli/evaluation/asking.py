"""Asking a set, question by question, with what is to be seen of it meanwhile."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from assistant.cli.diagnostics import StatusLine
from assistant.cli.evaluation.wording import share
from assistant.evaluation.figures import Summary, summarise
from assistant.evaluation.running import Result
from assistant.times import duration
from indexer.errors import KbError

_SHOWN = ("hit_at_1", "f1", "decision")
"""Figures that are shown while it runs, of those that can be told."""

_EVERY_S = 0.2


@dataclass(slots=True)
class Run:
    """What one model made of the questions, as far as it has come."""

    name: str
    """File name of the model; empty for answers in the files' own sentences."""

    results: list[Result] = field(default_factory=list)
    cost: dict[str, Any] = field(default_factory=dict)
    """What the model takes: `licence`, `size_bytes`, `load_s`, `gpu_bytes`, `ram_bytes`, `device`."""

    def summary(self) -> Summary:
        """Sum up what there is."""
        return summarise(self.results)

    def errors(self) -> list[KbError]:
        """List what went wrong."""
        return [each.error for each in self.results if each.error]


def take(
    run: Run, results: Iterator[Result], total: int, line: StatusLine, *, keep: Callable[[Result], None]
) -> None:
    """Add results to a run as they come.

    Args:
        run: Grows.
        results: Of its questions.
        total: How many there will be.
        line: Shows how far it is.
        keep: Told of every result.
    """
    started = shown_at = time.monotonic()
    for result in results:
        run.results.append(result)
        keep(result)
        now = time.monotonic()
        if line.is_visible and now - shown_at >= _EVERY_S:
            shown_at = now
            line.show(progress(run, total, taken_s=now - started))


def progress(run: Run, total: int, *, taken_s: float) -> str:
    """Say how far a run is, how well it goes, and how long it will take; pure."""
    done = len(run.results)
    values = summarise(run.results).values
    from_name = f"{run.name}: " if run.name else ""
    parts = [f"{from_name}{done}/{total}"]
    parts += [f"{key.replace('_at_', '@')} {share(values[key].mean)}" for key in _SHOWN if key in values]
    parts.append(f"{duration(taken_s / done * (total - done))} left")
    return " · ".join(parts)
