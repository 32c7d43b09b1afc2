"""A model's name or path → its GGUF file.

Names are looked up in kb's own folder and the configured ones; nothing is copied.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from assistant.errors import ModelFileError, ModelNotFoundError

_SEARCH_DEPTH = 4
"""Folders below a models folder that are looked into; publisher/repository/file needs 2."""

_PART = re.compile(r"-(\d{5})-of-(\d{5})$")
_NOT_CHAT = ("mmproj", "ggml-vocab")
"""File names that begin so hold an image projector or a bare vocabulary."""


def find_model(name: str, folders: Sequence[Path]) -> Path:
    """Resolve what a person typed or configured.

    Args:
        name: A path, a file name, its stem, or the beginning of one that no other model shares;
            upper and lower case are the same in names. Empty means that no model is configured.
        folders: Where names are looked up, first folder first.

    Returns:
        The absolute path of an existing file; of a split model, its first part.

    Raises:
        ModelNotFoundError: If nothing or more than one thing has that name.
        ModelFileError: If parts of a split model are missing.
    """
    if not name:
        raise ModelNotFoundError(
            "no model is configured",
            hint="set [model] path in the config file to a GGUF file, or give --model",
        )
    path = Path(name).expanduser()
    if path.is_file():
        return _first_part(path.absolute())
    if path.is_dir():
        raise ModelNotFoundError(f"{path} is a folder, not a GGUF file")
    if len(path.parts) > 1:
        raise ModelNotFoundError(f"there is no file {path}")
    models = list(list_models(folders))
    wanted = name.lower()
    for matches in (
        [file for file in models if file.name.lower() == wanted],
        [file for file in models if model_name(file).lower() == wanted],
        [file for file in models if file.name.lower().startswith(wanted)],
    ):
        # the same name in two folders: the first folder wins.
        if len({file.name.lower() for file in matches}) == 1:
            return _first_part(matches[0])
        if matches:
            raise ModelNotFoundError(f"{name} could be any of {_list_names(matches)}")
    places = ", ".join(map(str, folders))
    others = f"; there are {_list_names(models)}" if models else ", nor any other"
    raise ModelNotFoundError(
        f"there is no model {name} in {places}{others}", hint="give the path of a GGUF file"
    )


def model_name(file: Path) -> str:
    """Return the name of a model file as people write it: no suffix, no part number."""
    return _PART.sub("", file.stem)


def list_models(folders: Iterable[Path]) -> Iterator[Path]:
    """List the chat models in some folders, in order; of a split model, its first part."""
    for folder in folders:
        for directory, below, names in os.walk(folder.expanduser().absolute(), followlinks=True):
            below.sort()
            if len(Path(directory).relative_to(folder.expanduser().absolute()).parts) >= _SEARCH_DEPTH:
                below.clear()
            for name in sorted(names):
                part = _PART.search(name.removesuffix(".gguf"))
                is_chat = name.endswith(".gguf") and not name.lower().startswith(_NOT_CHAT)
                if is_chat and (part is None or int(part[1]) == 1):
                    yield Path(directory) / name


def _first_part(file: Path) -> Path:
    """Return the first part of a split model, all of whose parts must be there; other files as they are."""
    part = _PART.search(file.stem)
    if part is None:
        return file
    total = int(part[2])
    stem = file.stem[: part.start()]
    parts = [file.with_name(f"{stem}-{n:05}-of-{total:05}{file.suffix}") for n in range(1, total + 1)]
    if missing := [each.name for each in parts if not each.is_file()]:
        raise ModelFileError(f"{stem} comes in {total} files, and {missing[0]} is missing")
    return parts[0]


def _list_names(files: Iterable[Path]) -> str:
    names = list(dict.fromkeys(map(model_name, files)))
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more
