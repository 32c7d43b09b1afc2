"""`kb engine`: the process that holds the language model."""

import click

from assistant.cli import options, output
from assistant.cli.group import Command, Group
from assistant.cli.serve import serve
from assistant.engine.client import EngineClient
from indexer.paths import Places


@click.group(cls=Group)
def engine() -> None:
    """Control the process that holds the language model.

    The first question starts it; when idle it leaves and frees its memory.
    """


engine.add_command(serve)


@engine.command(cls=Command)
@options.json_option("one object")
def status(*, as_json: bool) -> None:
    """Say what it holds; exits with 4 if it does not run."""
    said = EngineClient(Places.discover()).status()
    if as_json:
        output.write_json(said)
        return
    state = said["state"] + (", busy" if said["busy"] else "")
    rows = [("engine", f"{state}, pid {said['pid']}"), ("model", said["model"])]
    if said["state"] == "loading":
        rows.append(("loaded", f"{said['progress']:.0%}"))
    if "device" in said:
        rows += [
            ("device", f"{said['device']}, {said['gpu_layers']} of {said['layers']} layers on the GPU"),
            ("context", f"{said['context_tokens']:,} tokens"),
        ]
    output.write_table(rows)


@engine.command(cls=Command)
def stop() -> None:
    """Stop it, also in the middle of an answer."""
    is_stopped = EngineClient(Places.discover()).stop()
    output.write_line("the engine has stopped" if is_stopped else "the engine is not running")
