"""Where each program keeps its models.

kb reads what others downloaded where it stands, and copies nothing. A shelf
that does not exist, or that another user closed, is no error.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from assistant.config import ModelSettings
    from indexer.paths import Places

Layout = Literal["files", "ollama", "file"]
"""GGUF files under a folder; Ollama's manifests and blobs; one file by itself."""

SERVICE_PLACES = (
    Path("/usr/share/ollama/.ollama/models"),
    Path("/var/lib/ollama"),
    Path("/var/lib/ollama/models"),
    Path("/var/snap/ollama/common/models"),
)
"""Where Ollama keeps models as a service on Linux: its installer's own user, Arch, NixOS, snap."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One place in which a program keeps models."""

    program: str
    """Whose place it is, as people call it: "Ollama"."""

    path: Path
    layout: Layout = "files"


def list_shelves(
    places: "Places",
    settings: "ModelSettings",
    *,
    environ: Mapping[str, str] | None = None,
    user_home: Path | None = None,
) -> tuple[Shelf, ...]:
    """List every place in which models may stand, kb's own first; not all of them exist.

    Args:
        places: Where kb lives.
        settings: `[model]` of the config.
        environ: Stands for `os.environ`; the programs' own variables in it move their places.
        user_home: Stands for the person's home directory.
    """
    environ = os.environ if environ is None else environ
    home = Path.home() if user_home is None else user_home
    shelves = [
        Shelf("kb", places.models_dir),
        *(Shelf("folder", _expanded(folder, home)) for folder in settings.folders),
        *(Shelf("Ollama", path, "ollama") for path in _ollama_places(environ, home)),
        *(Shelf("LM Studio", path) for path in _lm_studio_places(home)),
        *(Shelf("Hugging Face", path) for path in _hub_places(environ, home)),
        *(Shelf("llama.cpp", path) for path in _llama_cpp_places(environ, home)),
        # last, so that a file that a program keeps stays that program's.
        *_configured_files((settings.path, settings.draft_path), home),
    ]
    return tuple({shelf.path: shelf for shelf in reversed(shelves)}.values())[::-1]


def is_file(path: Path) -> bool:
    """Say whether a file stands there; one in a folder that is closed to us does not."""
    try:
        return path.is_file()
    except OSError:
        return False


def _configured_files(names: Iterable[str], home: Path) -> Iterator[Shelf]:
    """Give a file that is configured by its path, outside every folder, a shelf of its own."""
    for name in names:
        # names that are looked up on the other shelves hold slashes too, those of Ollama and the hub.
        is_file_name = name.lower().endswith(".gguf") and len(Path(name).parts) > 1
        if is_file_name or name.startswith(("/", "~")):
            yield Shelf("config", _expanded(name, home), "file")


def _ollama_places(environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    if folder := environ.get("OLLAMA_MODELS"):
        yield _expanded(folder, home)
    yield home / ".ollama" / "models"
    if sys.platform == "linux":
        yield from SERVICE_PLACES


def _lm_studio_places(home: Path) -> Iterator[Path]:
    base = home / ".lmstudio"
    try:
        pointed = (home / ".lmstudio-home-pointer").read_text("utf-8").strip()
        base = Path(pointed) if pointed else base
    except (OSError, ValueError):
        pass
    old = home / ".cache" / "lm-studio"
    for settings in (
        base,
        old,
        home / ".config" / "LM Studio",
        home / "Library/Application Support/LM Studio",
    ):
        if moved := _moved_folder(settings / "settings.json"):
            yield _expanded(moved, home)
    yield base / "models"
    yield home / ".lmstudio" / "models"
    yield old / "models"


def _moved_folder(settings: Path) -> str:
    """Read from LM Studio's settings where its models were moved to; empty if they were not."""
    try:
        folder = json.loads(settings.read_bytes()).get("downloadsFolder")
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""
    return folder if isinstance(folder, str) and "\0" not in folder else ""


def _hub_places(environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    for name, below in (
        ("HF_HUB_CACHE", ""),
        ("HUGGINGFACE_HUB_CACHE", ""),
        ("HF_HOME", "hub"),
        ("XDG_CACHE_HOME", "huggingface/hub"),
    ):
        if folder := environ.get(name):
            yield _expanded(folder, home) / below
    yield home / ".cache" / "huggingface" / "hub"


def _llama_cpp_places(environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    if folder := environ.get("LLAMA_CACHE"):
        yield _expanded(folder, home)
    if folder := environ.get("XDG_CACHE_HOME"):
        yield _expanded(folder, home) / "llama.cpp"
    if sys.platform == "darwin":
        yield home / "Library" / "Caches" / "llama.cpp"
    yield home / ".cache" / "llama.cpp"


def _expanded(name: str, home: Path) -> Path:
    """Return an absolute path; `~` is the person's home."""
    if name == "~" or name.startswith("~/"):
        return home / name[2:]
    path = Path(name)
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        # the home of nobody.
        return path.absolute()
