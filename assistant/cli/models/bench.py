"""`kb models bench`: how fast models are on this machine."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assistant.cli import diagnostics, options, output, screen
from assistant.cli.completion import complete_model
from assistant.cli.diagnostics import Exit, Interrupted, StatusLine
from assistant.cli.group import Command
from assistant.models import wording
from assistant.models.layout import Column, lay_out
from assistant.terminal import plain_line

if TYPE_CHECKING:
    from assistant.config import ModelSettings
    from assistant.engine.models import Bench, ModelFile
    from assistant.engine.models.licences import Licence
    from assistant.models.surroundings import Surroundings

FoundT = TypeVar("FoundT")
Row = tuple["ModelFile", "Licence", "Bench"]


@click.command(cls=Command)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_model)
@click.option(
    "--rounds", type=click.IntRange(1, 20), default=3, show_default=True, help="Rounds to take medians of."
)
@click.option("--batches", is_flag=True, help="Find the size of the batches in which one reads fastest.")
@options.json_option("an array of objects")
def bench(names: tuple[str, ...], rounds: int, *, batches: bool, as_json: bool) -> Exit:
    """Measure how fast models are, with the settings of the config.

    Without NAME the model that answers is measured. Each is loaded by an engine
    of its own, reads passages of 1024 tokens and writes up to 128. The figures
    are kept and shown in `kb models list`.

    LOAD is the time to load it, READS and WRITES are tokens per second, FIRST
    is the time from a question to the first word, and NEXT the same for a
    second question about the same passages.

    With --batches only reading is measured, with one size of `[model] batch_tokens`
    after the other.
    """
    # deferred: settings and library take longer to import than help takes to print.
    from assistant.engine.models.finding import find_file
    from assistant.models.surroundings import Surroundings

    around = Surroundings.discover()
    files = [find_file(name, around.shelves) for name in names or (_configured_name(around),)]
    with StatusLine() as line:
        work = _Work(around, line, rounds)
        if batches:
            return _bench_batches(work, files, as_json=as_json)
        rows: list[Row] = []
        try:
            for file in files:
                rows += _rows_of(work, file)
        except KeyboardInterrupt:
            _write(rows, as_json=as_json)
            raise Interrupted("stopped; what was measured before is kept") from None
    _write(rows, as_json=as_json)
    return Exit.ENGINE if len(rows) < len(files) else Exit.ANSWERED


def _configured_name(around: "Surroundings") -> str:
    # deferred: as in the command.
    from assistant.errors import ModelNotFoundError

    if not around.settings.model.path:
        raise ModelNotFoundError(
            "no model is configured, and none was named", hint="`kb models list` shows what there is"
        )
    return around.settings.model.path


class _Work:
    """Measures one model after the other; what goes wrong with one is said, and the others go on."""

    def __init__(self, around: "Surroundings", line: StatusLine, rounds: int) -> None:
        self.around = around
        self.rounds = rounds
        self._line = line

    def measure(
        self, file: "ModelFile", how: "Callable[[ModelSettings, Callable[[str], None]], FoundT]"
    ) -> "FoundT | None":
        """Measure one model, with the card to itself; `None` if that failed.

        Args:
            file: The model.
            how: Measures it, with settings that hold for a home without models; told whom to tell of it.
        """
        # deferred: as in the command.
        from assistant.cli.models.measuring import make_room
        from assistant.engine.models.finding import find_model
        from indexer.errors import EngineError

        def tell(what: str) -> None:
            self._line.show(f"{file.name}: {what}")

        settings = self.around.settings.model.model_copy(update={"keep_alive_s": 60})
        try:
            if settings.draft_path:
                # the home of the engine that measures holds no models of its own.
                draft = find_model(settings.draft_path, self.around.shelves)
                settings = settings.model_copy(update={"draft_path": str(draft)})
            if make_room(self.around.places, on_progress=tell):
                self._line.wipe()
                diagnostics.notice(
                    "the engine has left, so that its memory is free; the next question starts it again"
                )
            return how(settings, tell)
        except EngineError as error:
            self._line.wipe()
            diagnostics.report(error.message, hint=error.hint)
            return None


def _rows_of(work: _Work, file: "ModelFile") -> list[Row]:
    """Measure how fast one model is, and keep the figures."""
    # deferred: as in the command.
    from assistant.cli.models.measuring import measure, own_engine
    from assistant.engine.models import Kept
    from assistant.engine.models.cards import read_card

    def how(settings: "ModelSettings", tell: Callable[[str], None]) -> "Bench":
        with own_engine(settings, file.path) as client:
            return measure(client, rounds=work.rounds, on_progress=tell)

    if (found := work.measure(file, how)) is None:
        return []
    Kept(work.around.places.home / "models.json").keep_bench(file.path, found)
    return [(file, read_card(file).licence, found)]


def _bench_batches(work: _Work, files: Sequence["ModelFile"], *, as_json: bool) -> Exit:
    """Measure how fast models read by the size of a batch, and say which one is fastest."""
    # deferred: as in the command.
    from assistant.cli.models.measuring import measure_batches

    found: dict[str, dict[int, float]] = {}
    for file in files:

        def how(
            settings: "ModelSettings", tell: Callable[[str], None], path: Path = file.path
        ) -> dict[int, float]:
            return measure_batches(settings, path, rounds=work.rounds, on_progress=tell)

        if rates := work.measure(file, how):
            found[file.name] = rates
    rows = [(name, size, rate) for name, rates in found.items() for size, rate in rates.items()]
    if as_json:
        keys = ("name", "batch_tokens", "prompt_tokens_per_s")
        output.write_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        output.write_table((plain_line(name), str(size), _rate(rate)) for name, size, rate in rows)
    for name, rates in found.items():
        best = max(rates, key=lambda size: rates[size])
        diagnostics.notice(
            f"{name} reads fastest in batches of {best} tokens",
            hint=f"batch_tokens = {best} under [model] takes that for all models (`kb config edit`)",
        )
    return Exit.ENGINE if len(found) < len(files) else Exit.ANSWERED


def _write(rows: Sequence[Row], *, as_json: bool) -> None:
    if as_json:
        output.write_json([_to_json(row) for row in rows])
        return
    if not rows:
        return
    columns = _columns(rows)
    if not screen.has_screen():
        output.write_table(zip(*(column.cells for column in columns), strict=True))
        return
    heading, *lines = lay_out(columns, screen.width())
    output.write_row(heading, style="dim")
    for each in lines:
        output.write_row(each)


def _columns(rows: Sequence[Row]) -> list[Column]:
    benches = [found for _, _, found in rows]
    return [
        Column("NAME", [plain_line(file.name) for file, _, _ in rows]),
        Column("LOAD", [_seconds(each.load_s) for each in benches], is_number=True, rank=2),
        Column("READS", [_rate(each.prompt_tokens_per_s) for each in benches], is_number=True),
        Column("WRITES", [_rate(each.generation_tokens_per_s) for each in benches], is_number=True),
        Column("FIRST", [_seconds(each.first_token_s) for each in benches], is_number=True),
        Column("NEXT", [_seconds(each.next_first_token_s) for each in benches], is_number=True, rank=1),
        Column(
            "GPU",
            [wording.size(each.gpu_bytes) if each.gpu_bytes else "" for each in benches],
            is_number=True,
        ),
        Column("RAM", [wording.size(each.ram_bytes) for each in benches], is_number=True, rank=3),
        Column("ON", [plain_line(each.device) for each in benches], rank=5),
        Column("LICENCE", [licence.allows for _, licence, _ in rows], rank=4),
    ]


def _to_json(row: Row) -> dict[str, Any]:
    # deferred: dataclasses are imported with the library.
    from dataclasses import asdict

    file, licence, found = row
    return {"name": file.name, "path": str(file.path), "licence": asdict(licence), **asdict(found)}


def _rate(tokens_per_s: float) -> str:
    return f"{tokens_per_s:,.0f}/s" if tokens_per_s >= 9.95 else f"{tokens_per_s:.1f}/s"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 9.95 else f"{seconds:.2f} s"
