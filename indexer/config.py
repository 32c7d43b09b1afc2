"""The settings of the indexer, and the one loader of `config.toml`.

One file serves both packages. The indexer reads its own sections and passes
over the rest; the faces (`assistant.config`) know every section and refuse
what they do not know, so that a misspelt key is found by whoever types `kb`.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.errors import ConfigError


class Section(BaseModel):
    """A table of the config file: unknown keys are refused, values are not coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class IndexSettings(Section):
    """`[index]`: which files, and how much one of them may cost."""

    exclude: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Patterns of files to leave out everywhere, as in .gitignore."""

    max_file_mb: Annotated[int, Field(ge=1, le=4096)] = 64
    """Files above this many megabytes are skipped."""

    extract_timeout_s: Annotated[int, Field(ge=1, le=3600)] = 60
    """Seconds one file may take to be read."""

    extract_memory_mb: Annotated[int, Field(ge=256, le=65536)] = 2048
    """Megabytes of memory one file may take to be read."""


class EmbeddingSettings(Section):
    """`[embedding]`: the model that turns text into vectors."""

    model: str = ""
    """Folder of a sentence-transformers model; empty for the bundled all-MiniLM-L6-v2."""

    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    """Where it runs; auto takes the best there is."""

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Number format; auto takes what is fast and faithful on the device."""

    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """CPU threads for indexing; 0 for all physical cores."""

    chunk_tokens: Annotated[int, Field(ge=0, le=8192)] = 0
    """Tokens of one chunk at most; 0 for the best. `kb indexer rebuild` applies a change."""


class DaemonSettings(Section):
    """`[indexer]`: how far indexing stands back behind everything else on the computer."""

    nice: Annotated[int, Field(ge=0, le=19)] = 10
    """Niceness of reading and embedding files, 0 to 19; questions are always answered at full priority.

    It is given to the process that reads files, and in the worker to the one thread
    that embeds them, with the threads that torch starts for it. The worker as a whole
    keeps its priority, because it embeds the questions too.
    """

    io_priority: Literal["idle", "low", "normal"] = "low"
    """Priority of reading files on the disk; idle waits until nobody else reads.

    The process that reads files gets it (Linux: the classes idle and best-effort 7; elsewhere
    it means nothing). The thread that embeds writes little, and Linux ranks its writing by its niceness.
    """

    pause_on_battery: bool = True
    """Leave all but what was just saved until the computer is plugged in again."""


class IndexerSettings(BaseModel):
    """What the daemon reads of the config file."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    index: IndexSettings = IndexSettings()
    indexer: DaemonSettings = DaemonSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()


SettingsT = TypeVar("SettingsT", bound=BaseModel)


def load_settings(file: Path, kind: type[SettingsT]) -> SettingsT:
    """Read and validate the config file; a missing file means every default.

    Args:
        file: The TOML file.
        kind: The settings class to validate against.

    Raises:
        ConfigError: Naming file, key, what was found and what is allowed.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return kind()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}", hint="run `kb config edit`") from error
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(file, kind, error), hint="run `kb config edit`") from error


def _explain(file: Path, kind: type[BaseModel], error: ValidationError) -> str:
    """Say what is wrong with the first offending key, in one line."""
    first = error.errors(include_url=False)[0]
    location = [str(part) for part in first["loc"]]
    key = ".".join(location)
    if first["type"] == "extra_forbidden":
        allowed = ", ".join(_keys_at(kind, location[:-1]))
        return f"{file}: unknown key {key}; allowed here: {allowed}"
    found = first.get("input")
    return f"{file}: {key} = {found!r} is not allowed: {first['msg'][:1].lower()}{first['msg'][1:]}"


def _keys_at(kind: type[BaseModel], location: list[str]) -> list[str]:
    """List the keys that may stand at a place of the settings tree."""
    for name in location:
        annotation = kind.model_fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        kind = annotation
    return sorted(kind.model_fields)
