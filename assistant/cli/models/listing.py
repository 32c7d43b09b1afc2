"""`kb models list`: what stands on this machine, and what of it can answer."""

import click

from assistant.cli import diagnostics, options, output
from assistant.cli.diagnostics import Exit
from assistant.cli.group import Command


@click.command("list", cls=Command)
@options.json_option("an array of objects")
def list_(*, as_json: bool) -> Exit:
    """List the GGUF files on this machine, whichever program they belong to."""
    # deferred: the settings are all of pydantic's start-up.
    from assistant.config import Settings
    from assistant.engine.models import list_models, list_shelves
    from indexer.config import load_settings
    from indexer.paths import Places

    places = Places.discover()
    settings = load_settings(places.config_file, Settings)
    files = list(list_models(list_shelves(places, settings.model)))
    if as_json:
        output.write_json(
            [{"name": file.name, "path": str(file.path), "size_bytes": file.size_bytes} for file in files]
        )
    else:
        output.write_table([file.name, f"{file.size_bytes / 1e9:.1f} GB", str(file.path)] for file in files)
    if not files:
        diagnostics.notice(
            f"there is no GGUF file in {places.models_dir}, nor where other programs keep theirs",
            hint="put one there, or name its folder under [model] folders (`kb config edit`)",
        )
        return Exit.NOTHING_FOUND
    return Exit.ANSWERED
