"""`kb why`: whether a file can be found, and why it is so."""

import time

import click

from assistant.cli import options, output
from assistant.cli.diagnostics import Exit
from assistant.cli.group import Command
from assistant.stories import rows
from indexer.client import connect
from indexer.errors import UsageError
from indexer.paths import Places


@click.command(cls=Command)
@click.argument("path", metavar="FILE")
@options.json_option("one object")
def why(path: str, *, as_json: bool) -> Exit:
    """Say whether FILE can be found, and why: its state, the rule or error, since when.

    Names its chunks, pages without text, and when it is tried again; also works
    for a folder. Exits with 1 where nothing of it can be found.
    """
    if not path:
        raise UsageError("an empty name is no file")
    said = connect(Places.discover()).why(options.absolute_path(path))
    if as_json:
        output.write_json(said)
    else:
        output.write_table(rows(said, now=time.time()))
    return Exit.ANSWERED if said["is_findable"] else Exit.NOTHING_FOUND
