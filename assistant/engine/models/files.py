"""The model files that stand on the shelves of this machine."""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.engine.models.ollama import read_store
from assistant.engine.models.shelves import Shelf, is_file

_SEARCH_DEPTH = 6
"""Folders below a shelf that are looked into; `models--org--name/snapshots/revision/folder` needs 4."""

_MOST_FOLDERS = 20_000
"""A shelf with more of them is some other folder."""

_PART = re.compile(r"-(\d{5})-of-(\d{5})$")
_SIDE = re.compile(
    r"(?:^|[-_.])mmproj(?:[-_.]|$)|^ggml-vocab|^imatrix|[-_.]imatrix(?:[-_.]|$)", re.IGNORECASE
)
"""What the names of projectors, bare vocabularies and statistics of a quantisation look like."""

_HUB_FOLDER = "models--"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model on a shelf; of a split one, all parts."""

    path: Path
    """What is loaded: the GGUF, of a split model its first part; of what has none, Ollama's manifest."""

    name: str
    """As people write it: "qwen3:8b"; of a file, no suffix and no part number."""

    program: str
    aliases: tuple[str, ...] = ()
    """Further names of the same file."""

    repository: str = ""
    """Publisher and repository it came from, where its place tells: "unsloth/Qwen3-8B-GGUF"."""

    parts: tuple[Path, ...] = ()
    """Every file of the model that is there, in order."""

    projector: Path | None = None
    """What reads images for it, and stands beside it; kb makes no use of it."""

    licence: Path | None = None
    """A text of its licence, where the program keeps one."""

    template: Path | None = None
    """A template of the program's own dialect; llama.cpp reads the one in the GGUF."""

    trouble: str = ""
    """Why it cannot be loaded, as far as its place tells; empty if it can."""

    @property
    def is_side_file(self) -> bool:
        """Whether its name says that it is a projector, a bare vocabulary or statistics."""
        return bool(_SIDE.search(self.name))

    @property
    def size_bytes(self) -> int:
        """What it takes on disk, all parts together; 0 if it is gone."""
        size = 0
        for part in self.parts:
            with contextlib.suppress(OSError):
                size += part.stat().st_size
        return size


def model_name(file: Path) -> str:
    """Return the name of a model file as people write it: no suffix, no part number."""
    return _PART.sub("", file.stem if file.suffix.lower() == ".gguf" else file.name)


def list_models(shelves: Iterable[Shelf]) -> Iterator[ModelFile]:
    """List what stands on some shelves, shelf by shelf; a file with several names once, under the first.

    Nothing is read but names and Ollama's manifests; so a file listed here may be damaged.
    """
    by_file: dict[tuple[int, int] | Path, ModelFile] = {}
    for shelf in shelves:
        for found in _read_shelf(shelf):
            key = _identity(found.path)
            if first := by_file.get(key):
                names = dict.fromkeys((*first.aliases, found.name, *found.aliases))
                by_file[key] = replace(
                    first,
                    aliases=tuple(name for name in names if name != first.name),
                    licence=first.licence or found.licence,
                    template=first.template or found.template,
                    projector=first.projector or found.projector,
                )
            else:
                by_file[key] = found
    yield from by_file.values()


def model_of_file(path: Path, *, program: str = "file") -> ModelFile:
    """Describe one GGUF file wherever it stands; of a split model any part stands for all."""
    first, parts, trouble = _gather_parts(path)
    return ModelFile(path=first, name=model_name(first), program=program, parts=parts, trouble=trouble)


def unreadable_shelves(shelves: Iterable[Shelf]) -> list[Shelf]:
    """List the shelves that exist and may not be read."""
    closed = []
    for shelf in shelves:
        path = shelf.path / "manifests" if shelf.layout == "ollama" else shelf.path
        try:
            if not os.access(path, os.R_OK | os.X_OK) and shelf.layout != "file" and path.exists():
                closed.append(shelf)
        except OSError:
            # a folder above it is closed: whether there is anything is nobody's business.
            continue
    return closed


def _read_shelf(shelf: Shelf) -> Iterator[ModelFile]:
    match shelf.layout:
        case "ollama":
            yield from _read_ollama(shelf)
        case "file":
            if is_file(shelf.path):
                yield model_of_file(shelf.path, program=shelf.program)
        case "files":
            yield from _read_folder(shelf)


def _read_ollama(shelf: Shelf) -> Iterator[ModelFile]:
    for model in read_store(shelf.path):
        yield ModelFile(
            path=model.model or model.manifest,
            name=model.name,
            program=shelf.program,
            parts=(model.model,) if model.model else (),
            projector=model.projector,
            licence=model.licence,
            template=model.template,
            trouble=model.trouble,
        )


def _read_folder(shelf: Shelf) -> Iterator[ModelFile]:
    seen: set[Path] = set()
    for directory, names in _walk(shelf.path):
        place = directory.relative_to(shelf.path)
        files = [directory / name for name in names if name.lower().endswith(".gguf")]
        # a link may lead nowhere, and what can be reached may not be a file.
        ggufs = [file for file in files if is_file(file)]
        projector = next((file for file in ggufs if _is_projector(file)), None)
        for file in ggufs:
            first, parts, trouble = _gather_parts(file)
            # further parts of a model, and older revisions of it in the hub's cache.
            key = _without_revision(place) / first.name
            if key in seen:
                continue
            seen.add(key)
            yield ModelFile(
                path=first,
                name=model_name(first),
                program=shelf.program,
                repository=_repository(place),
                parts=parts,
                projector=None if _is_projector(file) else projector,
                trouble=trouble,
            )


def _is_projector(file: Path) -> bool:
    return "mmproj" in file.name.lower()


def _walk(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """Walk the folders below one, in order, following links, each folder once."""
    seen: set[tuple[int, int]] = set()
    for directory, below, names in os.walk(top, followlinks=True):
        here = Path(directory)
        identity = _identity(here)
        if not isinstance(identity, tuple) or identity in seen or len(seen) >= _MOST_FOLDERS:
            below.clear()
            continue
        seen.add(identity)
        if len(here.relative_to(top).parts) >= _SEARCH_DEPTH:
            below.clear()
        if here.parent.name.startswith(_HUB_FOLDER) and here.name == "snapshots":
            below.sort(key=lambda name: _revision_rank(here, name))
        else:
            # what the hub's cache keeps beside its snapshots holds no names.
            below[:] = sorted(name for name in below if name not in {"blobs", "refs", ".no_exist"})
        yield here, sorted(names)


def _revision_rank(snapshots: Path, revision: str) -> tuple[bool, float]:
    """Order revisions: the one that `main` names first, then the newest."""
    try:
        main = (snapshots.parent / "refs" / "main").read_text("ascii").strip()
    except (OSError, ValueError):
        main = ""
    try:
        changed = (snapshots / revision).stat().st_mtime
    except OSError:
        changed = 0.0
    return revision != main, -changed


def _repository(place: Path) -> str:
    """Tell from a place below a shelf which repository it belongs to."""
    for part in place.parts:
        if part.startswith(_HUB_FOLDER):
            return part.removeprefix(_HUB_FOLDER).replace("--", "/")
    return "/".join(place.parts[:2]) if len(place.parts) >= 2 else ""


def _without_revision(place: Path) -> Path:
    """Take the revision out of a place in the hub's cache; other places stay as they are."""
    parts = place.parts
    for at in range(len(parts) - 2):
        if parts[at].startswith(_HUB_FOLDER) and parts[at + 1] == "snapshots":
            return Path(*parts[: at + 1], *parts[at + 3 :])
    return place


def _gather_parts(file: Path) -> tuple[Path, tuple[Path, ...], str]:
    """Return the first part, all parts that are there, and what is missing."""
    part = _PART.search(file.stem)
    if part is None:
        return file, (file,), ""
    total = int(part[2])
    # a number that no download has: the name means something else.
    if not 1 <= total <= 1000:
        return file, (file,), ""
    wanted = [file.with_name(_part_name(file, number)) for number in range(1, total + 1)]
    there = tuple(each for each in wanted if is_file(each))
    missing = [each.name for each in wanted if each not in there]
    if not missing:
        return wanted[0], there, ""
    return wanted[0], there, f"{model_name(file)} comes in {total} files, and {missing[0]} is missing"


def _part_name(file: Path, number: int) -> str:
    part = _PART.search(file.stem)
    assert part is not None
    return f"{file.stem[: part.start()]}-{number:05}-of-{part[2]}{file.suffix}"


def _identity(path: Path) -> tuple[int, int] | Path:
    """Name the file behind a path, whatever links lead to it; a path that leads nowhere names itself."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return path
    return stat.st_dev, stat.st_ino
