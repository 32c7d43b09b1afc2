"""`kb models use`: the model that answers from now on."""

import click

from assistant.cli import diagnostics, output
from assistant.cli.completion import complete_model
from assistant.cli.diagnostics import StatusLine
from assistant.cli.group import Command


@click.command(cls=Command)
@click.argument("name", shell_complete=complete_model)
def use(name: str) -> None:
    """Answer questions with the model NAME from now on.

    NAME is one of `kb models list`, its beginning or words of it in any order, or
    the path of a GGUF file. It is written to the config file, in which nothing
    else changes.
    """
    # deferred: settings and library take longer to import than help takes to print.
    from assistant.engine.models.finding import find_file
    from assistant.models.choosing import choose
    from assistant.models.surroundings import Surroundings

    around = Surroundings.discover()
    file = find_file(name, around.shelves, is_any_kind=True)
    with StatusLine() as line:
        line.show(f"trying {file.name}…")
        choice = choose(around, file)
    output.write_line(f"questions are answered by {file.name} from now on")
    for remark in choice.remarks:
        diagnostics.notice(remark.said, hint=remark.hint)
