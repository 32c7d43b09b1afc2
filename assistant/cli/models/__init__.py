"""`kb models`: the language models on this machine."""

import click

from assistant.cli.group import Group
from assistant.cli.models.listing import list_


@click.group(cls=Group)
def models() -> None:
    """Show the language models on this machine."""


models.add_command(list_)
