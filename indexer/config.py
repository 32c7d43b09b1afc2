"""The settings of the indexer, and the one loader of `config.toml`.

One file serves both packages. The indexer reads its own sections and passes
over the rest; the faces (`assistant.config`) know every section and refuse
what they do not know, so that a misspelt key is found by whoever types `kb`.
"""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

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
    """Tokens of one chunk at most; 0 for the best. `kb indexer restart` applies a change."""


class SearchSettings(Section):
    """`[search]`: how what was found is put in order."""

    reranker: str = ""
    """Folder of a sentence-transformers cross-encoder that reads the best passages again; empty for none."""

    rerank_budget_ms: Annotated[int, Field(ge=0, le=60_000)] = 250
    """Milliseconds that it may take on a CPU; on a GPU it reads all it is given."""


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
    search: SearchSettings = SearchSettings()


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
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{file} is not UTF-8 text: line {line} holds the byte 0x{error.object[error.start]:02x}",
            hint="save it as UTF-8",
        ) from error
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
    # a number in it is the place in a list: what is said of the key says all.
    location = [part for part in first["loc"] if isinstance(part, str)]
    key = ".".join(location)
    if first["type"] == "extra_forbidden":
        return f"{file}: unknown key {key}; allowed here: {', '.join(_keys_at(kind, location[:-1]))}"
    # of a table, the key in it that is wrong.
    field = _field_at(kind, location) or _field_at(kind, location[:-1])
    allowed = _allowed(field) if field else first["msg"]
    return f"{file}: {key} = {_as_toml(first.get('input'))} is not allowed; it must be {allowed}"


def _as_toml(value: Any) -> str:
    """Write a value as it stands in the file, on one line; a long one is cut."""
    match value:
        case bool():
            text = str(value).lower()
        case str():
            text = json.dumps(value, ensure_ascii=False)
        case list():
            text = f"[{', '.join(map(_as_toml, value))}]"
        case dict():
            text = f"{{{', '.join(f'{key} = {_as_toml(each)}' for key, each in value.items())}}}"
        case _:
            text = str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _allowed(field: FieldInfo) -> str:
    """Say what a field may hold, in plain words."""
    kind = field.annotation
    if get_origin(kind) is Literal:
        *first, last = map(_as_toml, get_args(kind))
        return f"{', '.join(first)} or {last}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "a section with keys of its own"
    if get_origin(kind) is tuple:
        return 'a list of texts, as in ["*.log", "drafts/"]'
    if get_origin(kind) is dict:
        return 'a table of texts, as in { name = "text" }'
    words = {str: "a text in quotes", bool: "true or false", int: "a whole number", float: "a number"}
    limits = {name: each for part in field.metadata for name in ("ge", "le") if (each := _limit(part, name))}
    least, most = limits.get("ge"), limits.get("le")
    span = f" from {least} to {most}" if least and most else ""
    return words.get(kind, "of another kind") + span if isinstance(kind, type) else "of another kind"


def _limit(metadata: Any, name: str) -> str:
    value = getattr(metadata, name, None)
    return "" if value is None else str(value)


def _field_at(kind: type[BaseModel], location: list[str]) -> FieldInfo | None:
    """Return the field at a place of the settings tree."""
    *sections, name = location or [""]
    for section in sections:
        annotation = kind.model_fields[section].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return None
        kind = annotation
    return kind.model_fields.get(name)


def _keys_at(kind: type[BaseModel], location: list[str]) -> list[str]:
    """List the keys that may stand at a place of the settings tree."""
    field = _field_at(kind, location)
    if field is not None:
        assert isinstance(field.annotation, type)
        kind = field.annotation
    return sorted(kind.model_fields)
