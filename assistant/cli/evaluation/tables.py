"""The figures of an evaluation, laid out: a list for one run, tables for several or for parts of one."""

from collections.abc import Iterator, Sequence

from assistant.cli import output, screen
from assistant.cli.evaluation.asking import Run
from assistant.cli.evaluation.wording import milliseconds, rate, share, signed
from assistant.evaluation.comparing import Difference
from assistant.evaluation.figures import FIGURES, Figure, Summary
from assistant.models import wording as models_wording
from assistant.models.layout import Column, lay_out
from assistant.terminal import plain_line

NO_MODEL = "no model"
"""What answers in the files' own sentences are called."""

_TIMES = {"search": "search", "first_token": "first word", "total": "whole answer"}

FIGURES_OF_SEARCH = tuple(figure for figure in FIGURES if figure.group == "found")

_CONTRASTED = {"f1", "containment", "decision"}
"""What models are told apart by in a line."""

_OPTIONAL = {
    "PASS@10": 9,
    "HIT@10": 8,
    "QUOTE P": 7,
    "QUOTE R": 7,
    "RECALL": 6,
    "HIT@5": 5,
    "CITE R": 4,
    "REF P": 3,
}
"""Columns that go first where there is too little room."""


def write_list(summary: Summary) -> None:
    """Print the figures of one run, each with what it means and how far it can be trusted."""
    rows = list(_list_rows(summary))
    if not screen.has_screen():
        output.write_table(rows)
        return
    last = ""
    for group, name, value, spread, remark in rows:
        output.write_styled(
            output.bold("" if group == last else group),
            " " * (9 if group == last else 9 - len(group)),
            f"{name:12} {value:>7}  ",
            output.dim(spread),
            " " * (13 - len(spread)),
            output.dim(remark),
        )
        last = group


def _list_rows(summary: Summary) -> Iterator[tuple[str, str, str, str, str]]:
    for figure in FIGURES:
        if value := summary.values.get(figure.key):
            spread = f"{share(value.low)}–{share(value.high)}"
            yield figure.group, figure.name, share(value.mean), spread, figure.meaning
    for key, name in _TIMES.items():
        if key in summary.p50_ms:
            slowest = f"95 % within {milliseconds(summary.p95_ms[key])}"
            yield "time", name, milliseconds(summary.p50_ms[key]), "", slowest
    if summary.tokens_per_s:
        yield "time", "writing", rate(summary.tokens_per_s), "", "tokens in a second"


def write_parts(parts: dict[str, Summary], heading: str) -> None:
    """Print the figures of several parts of a run, a line for each.

    Args:
        parts: By name.
        heading: What the names are.
    """
    names = Column(heading.upper(), [plain_line(name) for name in parts])
    counts = Column("ASKED", [f"{each.count:,}" for each in parts.values()], is_number=True)
    _write(names, [counts, *_quality(list(parts.values()))], _speed(list(parts.values())))


def write_runs(runs: Sequence[tuple[Run, Summary]]) -> None:
    """Print the figures of several models, a line for each, with what they take.

    How well files were found is said once: all of them read the same passages.
    """
    summaries = [summary for _, summary in runs]
    if found := [
        f"{each.name} {share(summaries[0].values[each.key].mean)}"
        for each in FIGURES_OF_SEARCH
        if each.key in summaries[0].values
    ]:
        output.write_line(f"found: {', '.join(found)}")
        output.write_line()
    names = Column("MODEL", [_name(run) for run, _ in runs])
    quality = _quality(summaries, [each for each in FIGURES if each not in FIGURES_OF_SEARCH])
    _write(names, quality, [*_speed(summaries), *_cost([run for run, _ in runs])])


def write_contrasts(first: Run, others: Sequence[tuple[Run, Sequence[Difference]]]) -> None:
    """Print how models differ from the first one, and what of it may be chance, a line for each."""
    for run, differences in others:
        told = [each for each in differences if each.figure.key in _CONTRASTED and each.better + each.worse]
        parts = [f"{each.figure.full_name} {signed(each.after - each.before)}{_doubt(each)}" for each in told]
        said = f"{_name(run)} against {_name(first)}: {', '.join(parts) or 'no difference'}"
        output.write_wrapped(said, indent="")


def _name(run: Run) -> str:
    return plain_line(run.name) or NO_MODEL


def write_differences(differences: Sequence[Difference]) -> None:
    """Print how a run differs from another one, and what of it is likely to be chance."""
    columns = [
        Column("FIGURE", [each.figure.full_name for each in differences]),
        Column("BEFORE", [share(each.before) for each in differences], is_number=True),
        Column("NOW", [share(each.after) for each in differences], is_number=True),
        Column("", [signed(each.after - each.before) for each in differences], is_number=True),
        Column("BETTER", [f"{each.better:,}" for each in differences], is_number=True),
        Column("WORSE", [f"{each.worse:,}" for each in differences], is_number=True),
        Column("OF", [f"{each.count:,}" for each in differences], is_number=True),
        Column("CHANCE", [share(each.chance) for each in differences], is_number=True),
        Column("", [_verdict(each) for each in differences]),
    ]
    _write(columns[0], columns[1:], [])


def _doubt(difference: Difference) -> str:
    return " (may be noise)" if difference.is_noise else ""


def _verdict(difference: Difference) -> str:
    if not (difference.better or difference.worse):
        return "the same"
    return "may be noise" if difference.is_noise else ""


def _quality(summaries: Sequence[Summary], figures: Sequence[Figure] = FIGURES) -> list[Column]:
    """Return a column for each figure that any of them can tell."""
    return [
        Column(
            figure.column,
            [share(each.values[figure.key].mean) if figure.key in each.values else "" for each in summaries],
            is_number=True,
            rank=_OPTIONAL.get(figure.column, 0),
        )
        for figure in figures
        if any(figure.key in each.values for each in summaries)
    ]


def _speed(summaries: Sequence[Summary]) -> list[Column]:
    def times(heading: str, key: str, *, is_slowest: bool = False) -> Column:
        taken = [each.p95_ms if is_slowest else each.p50_ms for each in summaries]
        cells = [milliseconds(each[key]) if key in each else "" for each in taken]
        return Column(heading, cells, is_number=True)

    return [
        times("SEARCH", "search"),
        times("FIRST", "first_token"),
        times("TOTAL", "total"),
        times("95 %", "total", is_slowest=True),
        Column("WRITES", [rate(each.tokens_per_s) for each in summaries], is_number=True),
    ]


def _cost(runs: Sequence[Run]) -> list[Column]:
    def sizes(heading: str, key: str) -> Column:
        found = [int(run.cost.get(key, 0)) for run in runs]
        return Column(heading, [models_wording.size(each) if each else "" for each in found], is_number=True)

    loads = [f"{run.cost['load_s']:.1f} s" if "load_s" in run.cost else "" for run in runs]
    return [
        Column("LOAD", loads, is_number=True, rank=3),
        sizes("SIZE", "size_bytes"),
        sizes("GPU", "gpu_bytes"),
        sizes("RAM", "ram_bytes"),
        Column("ON", [plain_line(str(run.cost.get("device", ""))) for run in runs], rank=4),
        Column("LICENCE", [str(run.cost.get("licence", "")) for run in runs]),
    ]


def _write(names: Column, first: Sequence[Column], second: Sequence[Column]) -> None:
    """Print one table, or two below each other where one would be too wide."""
    if not screen.has_screen():
        columns = [names, *first, *second]
        output.write_table(zip(*([each.heading, *each.cells] for each in columns), strict=True))
        return
    width = screen.width()
    whole = lay_out([names, *first, *second], 10_000)
    is_one = not second or max(map(len, whole)) <= width
    parts = [[*first, *second]] if is_one else [list(first), list(second)]
    tables = [lay_out([names, *columns], width) for columns in parts]
    for number, table in enumerate(tables):
        if number:
            output.write_line()
        output.write_row(table[0], style="dim")
        for row in table[1:]:
            output.write_row(row)
