"""`kb models bench`: how fast models are on this machine."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from assistant.cli import diagnostics, options, output, screen
from assistant.cli.completion import complete_model
from assistant.cli.diagnostics import Exit, Interrupted, StatusLine
from assistant.cli.group import Command
from assistant.cli.models import wording
from assistant.cli.models.layout import Column, lay_out
from assistant.terminal import plain_line

if TYPE_CHECKING:
    from assistant.cli.models.surroundings import Surroundings
    from assistant.engine.models import Bench, ModelFile
    from assistant.engine.models.licences import Licence

Row = tuple["ModelFile", "Licence", "Bench"]


@click.command(cls=Command)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_model)
@click.option(
    "--rounds", type=click.IntRange(1, 20), default=3, show_default=True, help="Rounds to take medians of."
)
@options.json_option("an array of objects")
def bench(names: tuple[str, ...], rounds: int, *, as_json: bool) -> Exit:
    """Measure how fast models are, with the settings of the config.

    Without NAME the model that answers is measured. Each is loaded by an engine
    of its own, reads passages of 1024 tokens and writes up to 128. The figures
    are kept and shown in `kb models list`.

    LOAD is the time to load it, READS and WRITES are tokens per second, FIRST
    is the time from a question to the first word, and NEXT the same for a
    second question about the same passages.
    """
    # deferred: settings and library take longer to import than help takes to print.
    from assistant.cli.models.surroundings import Surroundings
    from assistant.engine.models.finding import find_file

    around = Surroundings.discover()
    files = [find_file(name, around.shelves) for name in names or (_configured_name(around),)]
    rows: list[Row] = []
    has_failed = False
    try:
        with StatusLine() as line:
            for file in files:
                row = _measure(around, file, rounds, line)
                has_failed = has_failed or row is None
                rows += [row] if row else []
    except KeyboardInterrupt:
        _write(rows, as_json=as_json)
        raise Interrupted("stopped; what was measured before is kept") from None
    _write(rows, as_json=as_json)
    return Exit.ENGINE if has_failed else Exit.ANSWERED


def _configured_name(around: "Surroundings") -> str:
    # deferred: as in the command.
    from assistant.errors import ModelNotFoundError

    if not around.settings.model.path:
        raise ModelNotFoundError(
            "no model is configured, and none was named", hint="`kb models list` shows what there is"
        )
    return around.settings.model.path


def _measure(around: "Surroundings", file: "ModelFile", rounds: int, line: StatusLine) -> Row | None:
    """Measure one model and keep the figures; what goes wrong with it is said, and the others go on."""
    # deferred: as in the command.
    from assistant.cli.models.measuring import make_room, measure, own_engine
    from assistant.engine.models import Kept
    from assistant.engine.models.cards import read_card
    from assistant.engine.models.finding import find_model
    from indexer.errors import EngineError

    def tell(what: str) -> None:
        line.show(f"{file.name}: {what}")

    settings = around.settings.model.model_copy(update={"keep_alive_s": 60})
    try:
        if settings.draft_path:
            # the home of the engine that measures holds no models of its own.
            draft = find_model(settings.draft_path, around.shelves)
            settings = settings.model_copy(update={"draft_path": str(draft)})
        if make_room(around.places, on_progress=tell):
            line.wipe()
            diagnostics.notice(
                "the engine has left, so that its memory is free; the next question starts it again"
            )
        with own_engine(settings, file.path) as client:
            found = measure(client, rounds=rounds, on_progress=tell)
    except EngineError as error:
        line.wipe()
        diagnostics.report(error.message, hint=error.hint)
        return None
    Kept(around.places.home / "models.json").keep_bench(file.path, found)
    return file, read_card(file).licence, found


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
