"""`kb engine`: the process that holds the language model."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from assistant.cli import options, output
from assistant.cli.group import Command, Group
from assistant.cli.serve import serve
from assistant.engine.client import EngineClient
from assistant.engine.fit import describe_context, describe_placement
from indexer.paths import Places


@click.group(cls=Group)
def engine() -> None:
    """Control the process that holds the language model.

    The first question starts it; when idle it leaves and frees its memory.
    """


@engine.command(cls=Command)
@options.json_option("one object")
def status(*, as_json: bool) -> None:
    """Say what it holds; exits with 4 if it does not run."""
    said = EngineClient(Places.discover()).status()
    if as_json:
        output.write_json(said)
        return
    output.write_table(rows(said))


def rows(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give what a person wants to know of an engine.

    Args:
        said: Its status.
    """
    yield "engine", f"{said['state']}{', busy' if said['busy'] else ''}, pid {said['pid']}"
    yield "model", said["model"]
    if said["state"] == "loading":
        yield "loaded", f"{said['progress']:.0%}"
    if "layers" not in said:
        return
    placement = describe_placement(said)
    yield "placement", placement
    yield "device", said["device"]
    yield "context", describe_context(said)
    if said["gpu_layers"]:
        measured, planned = said["gpu_bytes"] / 1e9, said["planned_gpu_bytes"] / 1e9
        yield "memory", f"{measured:.2f} GB of the GPU, {planned:.2f} GB planned"
    for remark in said["remarks"]:
        if remark not in placement:
            yield "note", remark


@engine.command(cls=Command)
def stop() -> None:
    """Stop it, also in the middle of an answer."""
    is_stopped = EngineClient(Places.discover()).stop()
    output.write_line("the engine has stopped" if is_stopped else "the engine is not running")


engine.add_command(serve)
