"""`kb eval`: how well a person's own questions are answered from their own files."""

import click

from assistant.cli.evaluation.make import make
from assistant.cli.evaluation.run import run
from assistant.cli.group import Group


@click.group("eval", cls=Group)
def evaluate() -> None:
    """Measure how well your own questions are answered from your files."""


evaluate.add_command(run)
evaluate.add_command(make)
