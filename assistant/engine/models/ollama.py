"""Ollama's store: manifests that name blobs by what they are for.

`manifests/<host>/<namespace>/<model>/<tag>` is JSON with a list of layers, and a
layer's digest `sha256:…` names the file `blobs/sha256-…`. What Ollama's own
engine reads as separate tensors has no GGUF, and is named with that reason.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.engine.models.shelves import is_file

_LAYER = "application/vnd.ollama.image."
_HOST, _NAMESPACE = "registry.ollama.ai", "library"
_DIGEST = re.compile(r"sha256[:-][0-9a-f]{64}")
_LARGEST_MANIFEST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaModel:
    """What one manifest says."""

    name: str
    """As Ollama writes it: "qwen3:8b", "hf.co/unsloth/Qwen3-8B-GGUF:Q4_K_M"."""

    manifest: Path
    model: Path | None
    """The blob of the GGUF, which may be missing; `None` if the manifest names none."""

    projector: Path | None = None
    licence: Path | None = None
    template: Path | None = None
    trouble: str = ""
    """Why the model cannot be used; empty if it can."""


def read_store(store: Path) -> Iterator[OllamaModel]:
    """List the models of a store in the order of their names; what cannot be read is passed over."""
    manifests = store / "manifests"
    for directory, below, names in os.walk(manifests):
        below.sort()
        for name in sorted(names):
            file = Path(directory) / name
            parts = file.relative_to(manifests).parts
            if len(parts) < 3 or name.startswith("."):
                continue
            try:
                if file.stat().st_size > _LARGEST_MANIFEST_BYTES:
                    continue
                manifest = json.loads(file.read_bytes())
            except (OSError, ValueError, RecursionError):
                continue
            yield read_manifest(manifest_name(parts), file, manifest, store / "blobs")


def manifest_name(parts: tuple[str, ...]) -> str:
    """Return the name of a model from its manifest's place: host, namespace, model, tag."""
    *place, tag = parts
    if place[0] == _HOST:
        place = place[1:]
        if place[0] == _NAMESPACE and len(place) > 1:
            place = place[1:]
    return f"{'/'.join(place)}:{tag}"


def read_manifest(name: str, file: Path, manifest: Any, blobs: Path) -> OllamaModel:
    """Say what a parsed manifest names, whatever it holds.

    Args:
        name: The model's name.
        file: Where the manifest stands.
        manifest: What its JSON says.
        blobs: Where blobs stand; none of them need exist.
    """
    layers = manifest.get("layers") if isinstance(manifest, Mapping) else None
    if not isinstance(layers, list):
        return OllamaModel(name=name, manifest=file, model=None, trouble="its manifest is damaged")
    found: dict[str, Path] = {}
    for layer in layers:
        media, digest = _words(layer)
        if media.startswith(_LAYER) and _DIGEST.fullmatch(digest):
            # the first of a kind counts: a model of two files has its projector second.
            found.setdefault(media.removeprefix(_LAYER), blobs / digest.replace(":", "-"))
    model = found.get("model")
    if model is None:
        is_loose = "tensor" in found
        trouble = (
            "Ollama keeps it as separate tensors, which llama.cpp cannot read"
            if is_loose
            else "its manifest names no model"
        )
    else:
        trouble = "" if is_file(model) else f"its blob {model.name[:19]}… is missing"
    return OllamaModel(
        name=name,
        manifest=file,
        model=model,
        projector=found.get("projector"),
        licence=found.get("license"),
        template=found.get("template"),
        trouble=trouble,
    )


def _words(layer: Any) -> tuple[str, str]:
    """Return the media type and the digest of a layer; empty where it has none."""
    if not isinstance(layer, Mapping):
        return "", ""
    media, digest = layer.get("mediaType"), layer.get("digest")
    return media if isinstance(media, str) else "", digest if isinstance(digest, str) else ""
