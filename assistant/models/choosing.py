"""Taking a model for all questions from now on: the config file says which."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from assistant.engine.models import ModelFile
from assistant.engine.models.library import Entry
from assistant.errors import ModelFileError
from assistant.models.setting import with_value
from assistant.models.surroundings import Surroundings
from assistant.models.wording import why_not
from indexer.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a person should know of a choice that was made."""

    said: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A model that was taken."""

    value: str
    """What `[model] path` says now."""

    entry: Entry
    remarks: tuple[Remark, ...]


def choose(around: Surroundings, file: ModelFile) -> Choice:
    """Try a model, and write it to the config file, in which nothing else changes.

    Raises:
        ModelFileError: If it cannot answer; nothing is written then.
        ConfigError: If the file cannot be changed.
    """
    entry = around.library().entry(file, free_again_bytes=around.held_gpu_bytes())
    if reason := why_not(entry):
        raise ModelFileError(f"{entry.name} {reason}", hint="`kb models list` shows what can answer")
    # Ollama's name stays when an update puts another blob behind it; a file's path is what it is.
    value = file.name if file.program == "Ollama" else str(file.path)
    write_setting(around.places.config_file, "model", "path", value)
    return Choice(value=value, entry=entry, remarks=tuple(_remarks(around, entry)))


def _remarks(around: Surroundings, entry: Entry) -> list[Remark]:
    found = []
    if entry.plan and entry.plan.where == "too large":
        found.append(Remark(said=f"{entry.name} is larger than the memory that is free now"))
    if not entry.card.has_template:
        found.append(
            Remark(said=f"{entry.name} has no chat template; it may be a model that only continues text")
        )
    if around.settings.model.url:
        found.append(
            Remark(
                said=f"[model] url is set, and goes before it: {around.settings.model.url}",
                hint=f"take it out of {around.places.config_file}",
            )
        )
    return found


def write_setting(file: Path, section: str, key: str, value: str) -> None:
    """Change one key of the config file; a file that does not exist is begun with it.

    Raises:
        ConfigError: If the file cannot be changed, which leaves it as it was.
    """
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
