"""`kb models`: the language models on this machine."""

import click

from assistant.cli.group import Group
from assistant.cli.models.bench import bench
from assistant.cli.models.choosing import use
from assistant.cli.models.describing import info
from assistant.cli.models.listing import list_
from assistant.cli.models.pull import pull


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> object:
    """Show the language models on this machine, and choose one.

    They are read where Ollama, LM Studio, the Hugging Face cache and llama.cpp
    keep them, in kb's own folder and in `[model] folders`; nothing is copied.
    Without a command they are listed.
    """
    return context.invoke(list_) if context.invoked_subcommand is None else None


models.add_command(list_)
models.add_command(use)
models.add_command(info)
models.add_command(pull)
models.add_command(bench)
