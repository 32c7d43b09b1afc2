"""A model's name or path → its GGUF file."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from assistant.engine.gguf import read_head
from assistant.engine.models.files import ModelFile, list_models, model_of_file
from assistant.engine.models.kinds import kind_of
from assistant.engine.models.names import match_names, suggest_names
from assistant.engine.models.shelves import Shelf
from assistant.errors import ModelFileError, ModelNotFoundError

_MOST_SHOWN = 8


def find_model(name: str, shelves: Sequence[Shelf]) -> Path:
    """Resolve what a person typed or configured to the file that is loaded.

    Args:
        name: A path; or a name, its beginning or words of it, upper and lower case the same. Empty
            means that no model is configured.
        shelves: Where names are looked up, first shelf first.

    Returns:
        The absolute path of an existing file; of a split model, its first part.

    Raises:
        ModelNotFoundError: If nothing or more than one thing has that name.
        ModelFileError: If parts of the model are missing.
    """
    if not name:
        raise ModelNotFoundError(
            "no model is configured",
            hint="`kb models list` shows what is there, `kb models use NAME` takes one of them",
        )
    return find_file(name, shelves).path


def find_file(
    name: str, shelves: Iterable[Shelf], *, is_any_kind: bool = False, is_damage_borne: bool = False
) -> ModelFile:
    """Resolve a name or path to a model with all that its shelf tells of it.

    Args:
        name: As in `find_model`.
        shelves: As in `find_model`.
        is_any_kind: Whether projectors and the like may be meant as well.
        is_damage_borne: Whether a model with missing parts is returned like any other.

    Raises:
        ModelNotFoundError: If nothing or more than one thing has that name.
        ModelFileError: If parts of the model are missing.
    """
    path = _as_path(name)
    models = list(list_models(shelves))
    # a bare word is a name first, whatever stands in the current folder.
    is_place = path is not None and (len(path.parts) != 1 or name.lower().endswith(".gguf"))
    meant = [] if is_place else _choose(name, models, is_any_kind=is_any_kind)
    if not meant and path is not None and path.is_file():
        here = path.absolute()
        meant = [next((model for model in models if here in model.parts), model_of_file(here))]
    if not meant and path is not None and path.is_dir():
        raise ModelNotFoundError(f"{path} is a folder, not a GGUF file")
    # names of Ollama and the hub hold slashes too.
    meant = meant or _choose(name, models, is_any_kind=is_any_kind)
    if len(meant) == 1:
        return meant[0] if is_damage_borne else _whole(meant[0])
    if meant:
        raise ModelNotFoundError(f"{name} could be any of {_list_names(meant)}", hint="give more of the name")
    if path is not None and len(path.parts) > 1 and _is_spelled_as_file(name):
        raise ModelNotFoundError(f"there is no file {path}")
    raise _unknown(name, [model for model in models if is_any_kind or not model.is_side_file])


def _is_spelled_as_file(name: str) -> bool:
    return name.startswith(("/", "~", ".")) or name.lower().endswith(".gguf")


def _choose(name: str, models: Sequence[ModelFile], *, is_any_kind: bool) -> list[ModelFile]:
    """Return the models that a name may mean; one alone if it is clear."""
    models = [model for model in models if is_any_kind or not model.is_side_file]
    names = {place: _names(model) for place, model in enumerate(models)}
    matches = [models[place] for place in match_names(name, names)]
    # the same name on two shelves: the first shelf wins.
    matches = list({model.name.lower(): model for model in reversed(matches)}.values())[::-1]
    if len(matches) < 2:
        return matches
    # a beginning that a chat model shares with an embedding model means the one that can answer.
    return [model for model in matches if _may_chat(model)] or matches


def _names(model: ModelFile) -> list[str]:
    """List everything that a model may be called by, its repository last, so that its words count."""
    files = [model.path.name] if model.parts and model.path.suffix else []
    return [model.name, *model.aliases, *files, *([model.repository] if model.repository else [])]


def _may_chat(model: ModelFile) -> bool:
    if model.trouble:
        return True
    try:
        return kind_of(read_head(model.path)) == "chat"
    except ModelFileError:
        # what is wrong with it is said when it is asked for.
        return True


def _whole(model: ModelFile) -> ModelFile:
    if model.trouble:
        words = model.trouble
        # a sentence about "its blob" needs a name before it.
        raise ModelFileError(words if words.startswith(model.name) else f"{model.name}: {words}")
    return model


def _unknown(name: str, models: Sequence[ModelFile]) -> ModelNotFoundError:
    if not models:
        return ModelNotFoundError(
            f"there is no model {name} on this machine, nor any other", hint="give the path of a GGUF file"
        )
    near = suggest_names(name, [alias for model in models for alias in (model.name, *model.aliases)])
    if near:
        return ModelNotFoundError(
            f"there is no model {name}; did you mean {' or '.join(near)}?", hint="`kb models list` shows all"
        )
    whole = [model for model in models if not (model.is_side_file or model.trouble)]
    return ModelNotFoundError(
        f"there is no model {name} on this machine; there are {_list_names(whole or models)}",
        hint="give the path of a GGUF file",
    )


def _as_path(name: str) -> Path | None:
    """Read a name as a path; `None` if it can be none."""
    try:
        path = Path(name).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError):
        return None
    return path


def _list_names(models: Iterable[ModelFile]) -> str:
    names = list(dict.fromkeys(model.name for model in models))
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return ", ".join(names[:_MOST_SHOWN]) + more
