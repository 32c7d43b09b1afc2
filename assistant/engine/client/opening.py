"""A model's name → the client of an engine that holds it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.engine.client.engine import EngineClient
from assistant.engine.gguf import check_magic
from assistant.engine.launch import Launch
from assistant.engine.models import Shelf, find_file, find_model, list_shelves, model_name
from assistant.errors import EngineUnavailableError, ModelNotFoundError
from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.config import ModelSettings


def open_engine(
    places: Places, settings: "ModelSettings", *, model: str | None = None, is_private: bool = False
) -> EngineClient:
    """Find the model and make sure that its engine is on its way; does not wait until it is loaded.

    A model that is loaded is found also when its file was deleted meanwhile.

    Args:
        places: Where kb lives.
        settings: `[model]` of the config.
        model: A name or path that stands in for the configured one.
        is_private: Whether the engine may write nothing of what it is asked to the disk.

    Raises:
        ModelNotFoundError: If there is no such model, or none is configured.
        ModelFileError: If the file is no GGUF.
        EngineUnavailableError: If the engine does not start.
    """
    name = settings.path if model is None else model
    shelves = list_shelves(places, settings)
    shown = ""
    try:
        file, shown = _find(name, shelves)
        check_magic(file)
    except ModelNotFoundError:
        loaded = _loaded_file(places, name)
        if loaded is None:
            raise
        file = loaded
    client = EngineClient(
        places,
        launch=Launch(
            model=file,
            context_tokens=settings.context_tokens,
            gpu_layers=settings.gpu_layers,
            threads=settings.threads,
            keep_alive_s=settings.keep_alive_s,
            kv_type=settings.kv_type,
            batch_tokens=settings.batch_tokens,
            draft=_find(settings.draft_path, shelves)[0] if settings.draft_path else None,
        ),
        model_name=shown,
        is_private=is_private,
    )
    client.start()
    return client


def forget_prompts(places: Places) -> None:
    """End the engine if one runs, and delete what it keeps of prompts, which hold passages of files."""
    EngineClient(places).stop()
    places.prompt_state.unlink(missing_ok=True)


def _find(name: str, shelves: Sequence[Shelf]) -> tuple[Path, str]:
    """Return a model's file, and its name where the file's says nothing, as Ollama's checksums do."""
    if not name:
        return find_model(name, shelves), ""
    found = find_file(name, shelves)
    return found.path, "" if found.path.suffix.lower() == ".gguf" else found.name


def _loaded_file(places: Places, name: str) -> Path | None:
    """Return the file that a running engine was loaded from, if it has that name and is gone."""
    try:
        file = Path(EngineClient(places).status()["model"])
    except EngineUnavailableError:
        return None
    names = {file.name.lower(), model_name(file).lower()}
    is_named = Path(name).expanduser().absolute() == file or name.lower() in names
    return file if is_named and not file.exists() else None
