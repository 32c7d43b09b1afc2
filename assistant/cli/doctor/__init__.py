"""`kb doctor`: whether everything is as it should be, and what to do where it is not."""

from collections.abc import Callable, Iterable

import click

from assistant.cli import options, output
from assistant.cli.diagnostics import Exit, StatusLine
from assistant.cli.doctor import checks, graphics, models
from assistant.cli.doctor.findings import Finding, exit_code
from assistant.cli.group import Command
from indexer.paths import Places


@click.command(cls=Command)
@options.json_option("one object")
def doctor(*, as_json: bool) -> Exit:
    """Look whether everything is as it should be.

    Each line is ok, a warning or a problem, with what to do about it. Nothing
    is changed, no model is loaded, and nothing leaves this machine. Exits with
    0 if there is no problem, else with the code of the first one.
    """
    places = Places.discover()
    found: list[Finding] = []
    with StatusLine() as line:
        for words, look in _looks(places):
            line.show(f"{words}…")
            found += look()
    if as_json:
        output.write_json(
            {"ok": exit_code(found) is Exit.ANSWERED, "findings": [each.to_json() for each in found]}
        )
    else:
        output.write_table(row for each in found for row in each.rows())
    return exit_code(found)


def _looks(places: Places) -> list[tuple[str, Callable[[], Iterable[Finding]]]]:
    """List what is looked at, in the order in which it is shown."""
    return [
        ("looking at Python", checks.look_at_python),
        ("reading the settings", lambda: checks.look_at_settings(places)),
        ("asking the indexer", lambda: checks.look_at_index(places)),
        ("asking llama.cpp for devices", lambda: graphics.look_at_devices(places)),
        ("trying the model", lambda: models.look_at_model(places)),
        ("asking the engine", lambda: models.look_at_engine(places)),
        ("looking at the network", lambda: checks.look_at_network(places)),
    ]
