"""Made-up homes of the programs that keep models."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from assistant.engine.models.shelves import SERVICE_PLACES

needs_bare_machine = pytest.mark.skipif(
    any(place.exists() for place in SERVICE_PLACES),
    reason="Ollama runs as a service here, and its models are found from every home",
)
"""For tests of somebody who has no models, or only certain ones."""

MEDIA = "application/vnd.ollama.image."


def put_into_ollama(store: Path, place: str, **layers: bytes | Path) -> Path:
    """Put a model into a store of Ollama and return its manifest.

    Args:
        store: Where `manifests` and `blobs` stand.
        place: Of the manifest, as in "registry.ollama.ai/library/qwen3/8b".
        layers: What is kept of each kind; a path stands for a blob that is missing.
    """
    blobs = store / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    listed = []
    for kind, data in layers.items():
        digest = hashlib.sha256(data if isinstance(data, bytes) else str(data).encode()).hexdigest()
        if isinstance(data, bytes):
            (blobs / f"sha256-{digest}").write_bytes(data)
        listed.append({"mediaType": MEDIA + kind, "digest": f"sha256:{digest}", "size": 1})
    return write_manifest(store / "manifests" / place, {"schemaVersion": 2, "layers": listed})


def write_manifest(file: Path, manifest: object) -> Path:
    """Write a manifest, whatever it says."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(manifest), encoding="utf-8")
    return file


def put_into_hub(cache: Path, repository: str, files: Mapping[str, bytes], *, revision: str = "abc") -> Path:
    """Put files into a cache of the hub as links to blobs, and return the snapshot."""
    repo = cache / f"models--{repository.replace('/', '--')}"
    snapshot = repo / "snapshots" / revision
    (repo / "blobs").mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        blob = repo / "blobs" / hashlib.sha256(data).hexdigest()
        blob.write_bytes(data)
        link = snapshot / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
    (repo / "refs").mkdir(exist_ok=True)
    (repo / "refs" / "main").write_text(revision, encoding="ascii")
    return snapshot
