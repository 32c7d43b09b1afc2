"""`kb models info`: everything that is known of one model."""

import click

from assistant.cli import options, output
from assistant.cli.completion import complete_model
from assistant.cli.diagnostics import StatusLine
from assistant.cli.group import Command


@click.command(cls=Command)
@click.argument("name", shell_complete=complete_model)
@options.json_option("one object")
def info(name: str, *, as_json: bool) -> None:
    """Say everything that is known of the model NAME.

    NAME is one of `kb models list --all`, its beginning or words of it in any
    order, or the path of a GGUF file. A file that did not load is tried again.
    """
    # deferred: settings and library take longer to import than help takes to print.
    from assistant.engine.models.finding import find_file
    from assistant.models.describing import metadata_of, rows
    from assistant.models.surroundings import Surroundings

    around = Surroundings.discover()
    file = find_file(name, around.shelves, is_any_kind=True, is_damage_borne=True)
    with StatusLine() as line:
        line.show(f"trying {file.name}…")
        entry = around.library().entry(file, free_again_bytes=around.held_gpu_bytes())
    if as_json:
        output.write_json({**entry.to_json(), "metadata": metadata_of(entry)})
    else:
        output.write_table([(label, text) for label, text in rows(entry) if text])
