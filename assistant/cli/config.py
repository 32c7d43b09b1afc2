"""`kb config`: where the settings are, what they are, and whether they hold."""

import os
import shlex
import subprocess

import click

from assistant.cli import options, output
from assistant.cli.group import Command, Group
from assistant.config import Settings
from indexer.config import load_settings
from indexer.errors import ConfigError
from indexer.paths import Places


@click.group(cls=Group)
def config() -> None:
    """Show, check or edit the settings.

    They stand in one TOML file; what it does not say has a default.
    """


@config.command(cls=Command)
def path() -> None:
    """Print where the config file is, or would be."""
    output.write_line(str(Places.discover().config_file))


@config.command(cls=Command)
@options.json_option("one object")
def show(*, as_json: bool) -> None:
    """Print every setting as it is in effect."""
    settings = load_settings(Places.discover().config_file, Settings)
    if as_json:
        output.write_json(settings.model_dump(mode="json"))
        return
    # deferred: only these commands write TOML.
    from assistant.cli.config_example import render

    output.write_line(render(settings).rstrip("\n"))


@config.command(cls=Command)
def check() -> None:
    """Check the config file; exits with 2 if something in it cannot be honoured."""
    file = Places.discover().config_file
    load_settings(file, Settings)
    output.write_line(f"{file} is fine" if file.exists() else f"{file} does not exist; every default holds")


@config.command(cls=Command)
def edit() -> None:
    """Open the config file in $VISUAL or $EDITOR, and check it afterwards.

    A file that does not exist yet begins with every default and its explanation.
    """
    from assistant.cli.config_example import example

    file = Places.discover().config_file
    try:
        if not file.exists():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.write_text(example(), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {(error.strerror or str(error)).lower()}") from error
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    if editor == "vi" and not os.isatty(0):
        raise ConfigError(f"there is no terminal to edit {file} in", hint="set $VISUAL or $EDITOR")
    try:
        code = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot start the editor {editor!r}", hint="set $VISUAL or $EDITOR") from error
    if code:
        raise ConfigError(f"the editor {editor!r} ended with code {code}")
    load_settings(file, Settings)
    output.write_line(f"{file} is fine")
