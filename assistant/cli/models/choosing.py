"""`kb models use`: the model that answers from now on."""

import json
import os
from pathlib import Path

import click

from assistant.cli import diagnostics, output
from assistant.cli.completion import complete_model
from assistant.cli.diagnostics import StatusLine
from assistant.cli.group import Command
from assistant.cli.models import wording
from indexer.errors import ConfigError


@click.command(cls=Command)
@click.argument("name", shell_complete=complete_model)
def use(name: str) -> None:
    """Answer questions with the model NAME from now on.

    NAME is one of `kb models list`, its beginning or words of it in any order, or
    the path of a GGUF file. It is written to the config file, in which nothing
    else changes.
    """
    # deferred: settings and library take longer to import than help takes to print.
    from assistant.cli.models.surroundings import Surroundings
    from assistant.engine.models.finding import find_file
    from assistant.errors import ModelFileError

    around = Surroundings.discover()
    file = find_file(name, around.shelves, is_any_kind=True)
    with StatusLine() as line:
        line.show(f"trying {file.name}…")
        entry = around.library().entry(file, free_again_bytes=around.held_gpu_bytes())
    if reason := wording.why_not(entry):
        raise ModelFileError(f"{entry.name} {reason}", hint="`kb models list` shows what can answer")
    # Ollama's name stays when an update puts another blob behind it; a file's path is what it is.
    value = file.name if file.program == "Ollama" else str(file.path)
    write_setting(around.places.config_file, "model", "path", value)
    output.write_line(f"questions are answered by {file.name} from now on")
    if entry.plan and entry.plan.where == "too large":
        diagnostics.notice(f"{file.name} is larger than the memory that is free now")
    if not entry.card.has_template:
        diagnostics.notice(f"{file.name} has no chat template; it may be a model that only continues text")
    if around.settings.model.url:
        diagnostics.notice(
            f"[model] url is set, and goes before it: {around.settings.model.url}",
            hint=f"take it out of {around.places.config_file}",
        )


def write_setting(file: Path, section: str, key: str, value: str) -> None:
    """Change one key of the config file; a file that does not exist is begun with it.

    Raises:
        ConfigError: If the file cannot be changed, which leaves it as it was.
    """
    # deferred: only this writes TOML.
    from assistant.cli.models.setting import with_value

    hint = f"write {key} = {json.dumps(value, ensure_ascii=False)} under [{section}] (`kb config edit`)"
    try:
        # what links lead to is replaced, and the links stay.
        target = file.resolve()
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        text = target.read_bytes().decode("utf-8") if target.exists() else ""
        changed = with_value(text, section, key, value)
        if changed is None:
            raise ConfigError(f"{file} is written in a way that cannot be changed here", hint=hint)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            draft.write_bytes(changed.encode("utf-8"))
            draft.chmod(mode)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot write {file}: {(error.strerror or str(error)).lower()}", hint=hint
        ) from error
    except UnicodeError as error:
        raise ConfigError(f"the path {value!r} is not UTF-8 text, and a config file is") from error
