"""`kb models`: the GGUF files that can answer."""

from pathlib import Path

import click

from assistant.cli import diagnostics, options, output
from assistant.cli.diagnostics import Exit
from assistant.cli.group import Command, Group


@click.group(cls=Group)
def models() -> None:
    """Show the language models on this machine."""


@models.command("list", cls=Command)
@options.json_option("an array of objects")
def list_(*, as_json: bool) -> Exit:
    """List the GGUF files in kb's models folder and in `[model] folders`."""
    # deferred: the settings are all of pydantic's start-up.
    from assistant.config import Settings
    from assistant.engine.models import list_models, model_name
    from indexer.config import load_settings
    from indexer.paths import Places

    places = Places.discover()
    settings = load_settings(places.config_file, Settings)
    folders = [places.models_dir, *map(Path, settings.model.folders)]
    files = list(list_models(folders))
    if as_json:
        output.write_json(
            [
                {"name": model_name(file), "path": str(file), "size_bytes": file.stat().st_size}
                for file in files
            ]
        )
    else:
        output.write_table(
            [model_name(file), f"{file.stat().st_size / 1e9:.1f} GB", str(file)] for file in files
        )
    if not files:
        diagnostics.notice(
            f"no .gguf file in {', '.join(map(str, folders))}",
            hint="put one there, or name its folder under [model] folders (`kb config edit`)",
        )
        return Exit.NOTHING_FOUND
    return Exit.ANSWERED
