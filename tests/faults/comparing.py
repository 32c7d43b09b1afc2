"""Two indexes side by side, chunk for chunk, read from what is stored and not through kb.

Nothing may have them open: what a daemon holds in memory does not count.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import numpy.typing as npt
from chromadb.config import Settings

from indexer.editions import current_places
from indexer.paths import Places

FLOAT16_ROUNDING = 1e-3
"""Chroma keeps float32 and normalises, the catalog keeps float16: their coordinates differ by less."""

SAME_TEXT = 0.99
"""Least cosine of one text embedded twice: in another batch it is padded, and rounded, otherwise."""

PAGE_ROWS = 2_000

Vector = npt.NDArray[np.float32]


@dataclass
class Contents:
    """Everything that is stored of an index, in terms that two indexes of the same files share."""

    roots: set[str] = field(default_factory=set)
    files: dict[str, Any] = field(default_factory=dict)
    """Row of the ledger by path."""

    chunks: dict[tuple[str, int], Any] = field(default_factory=dict)
    """(text, headings, searchable name, locator, vector id) by path and ordinal."""

    vectors: dict[str, Vector] = field(default_factory=dict)
    """The catalog's copies by vector id."""

    windows: set[str] = field(default_factory=set)
    """Ids of the vectors that have windows."""

    chroma: dict[str, Vector] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What is wrong with this index by itself."""


StoreReader = Callable[[Path, Contents], None]


def contents_of(places: Places, *, read_store: StoreReader | None = None) -> Contents:
    """Read an index that nothing has open; it stays as it is.

    Args:
        places: Its home.
        read_store: Reads vectors out of a directory, where something else stands for Chroma.
    """
    places = current_places(places)
    found = Contents()
    with tempfile.TemporaryDirectory() as name:
        # copies: both SQLite's checks and Chroma write into what they open.
        copy = Path(name)
        for file in places.index_dir.glob(f"{places.catalog_file.name}*"):
            shutil.copy(file, copy / file.name)
        with contextlib.closing(sqlite3.connect(copy / places.catalog_file.name)) as connection:
            _read_catalog(connection, found)
            row = connection.execute("SELECT value FROM meta WHERE key = 'chroma_dir'").fetchone()
        store = places.index_dir / row[0] if row else places.chroma_dir
        if store.exists():
            shutil.copytree(store, copy / "chroma")
            (read_store or _read_chroma)(copy / "chroma", found)
    _check(found)
    return found


def differences(found: Contents, wanted: Contents) -> list[str]:
    """Say in sentences what two indexes of the same files do not share; empty if they are equal."""
    told = [f"this index: {fault}" for fault in found.faults]
    told += [f"from scratch: {fault}" for fault in wanted.faults]
    if found.roots != wanted.roots:
        told.append(f"roots: {sorted(found.roots)} instead of {sorted(wanted.roots)}")
    told += _compared("file", found.files, wanted.files)
    told += _compared("chunk", found.chunks, wanted.chunks)
    told += [f"windows lost of {each}" for each in sorted(wanted.windows - found.windows)]
    for vector_id in sorted(found.vectors.keys() & wanted.vectors.keys()):
        closeness = _cosine(found.vectors[vector_id], wanted.vectors[vector_id])
        if closeness < SAME_TEXT:
            told.append(f"vector {vector_id} is another one: cosine {closeness:.4f}")
    return told


def _compared(what: str, found: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> Iterator[str]:
    for key in sorted(wanted.keys() - found.keys()):
        yield f"lost {what} {key}"
    for key in sorted(found.keys() - wanted.keys()):
        yield f"stale {what} {key}"
    for key in sorted(found.keys() & wanted.keys()):
        if found[key] != wanted[key]:
            yield f"wrong {what} {key}: {found[key]!r} instead of {wanted[key]!r}"


def _read_catalog(connection: sqlite3.Connection, found: Contents) -> None:
    for (said,) in connection.execute("PRAGMA integrity_check"):
        if said != "ok":
            found.faults.append(f"integrity_check says {said}")
    found.faults += [f"foreign key broken: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    try:
        connection.execute("INSERT INTO chunk_text (chunk_text) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        found.faults.append(f"the full-text index is damaged: {error}")
    found.roots = {os.fsdecode(path) for (path,) in connection.execute("SELECT path FROM roots")}
    for path, root, title, metadata, *rest in connection.execute(
        "SELECT files.path, roots.path, title, metadata, status, reason, content_hash, size_bytes, mtime_ns,"
        " inode, pages_without_text, chunks FROM files LEFT JOIN roots ON roots.id = files.root"
    ):
        found.files[os.fsdecode(path)] = (os.fsdecode(root), title, json.loads(metadata), *rest)
    rows = connection.execute(
        "SELECT files.path, ordinal, text, headings, name, locator, hex(vectors.vector_id) FROM chunks"
        " LEFT JOIN files ON files.id = chunks.file LEFT JOIN vectors ON vectors.id = chunks.vector"
        " LEFT JOIN chunk_text ON chunk_text.rowid = chunks.id"
    ).fetchall()
    for path, ordinal, text, headings, name, locator, vector_id in rows:
        key = (os.fsdecode(path), ordinal)
        if key in found.chunks:
            found.faults.append(f"duplicate chunk {key}")
        found.chunks[key] = (text, headings, name, json.loads(locator), vector_id.lower())
    texts = connection.execute("SELECT count(*) FROM chunk_text").fetchone()[0]
    if texts != len(rows):
        found.faults.append(f"{texts} full-text rows for {len(rows)} chunks")
    for vector_id, embedding in connection.execute("SELECT hex(vector_id), embedding FROM vectors"):
        found.vectors[vector_id.lower()] = np.frombuffer(embedding, np.float16).astype(np.float32)
    found.windows = {
        vector_id.lower()
        for (vector_id,) in connection.execute(
            "SELECT hex(vector_id) FROM windows JOIN vectors ON vectors.id = windows.vector"
        )
    }


def _read_chroma(directory: Path, found: Contents) -> None:
    client = chromadb.PersistentClient(path=str(directory), settings=Settings(_env_file=None))
    try:
        for listed in client.list_collections():
            collection = client.get_collection(listed.name, embedding_function=None)
            ids = collection.get(include=[])["ids"]
            for start in range(0, len(ids), PAGE_ROWS):
                page = collection.get(ids=ids[start : start + PAGE_ROWS], include=["embeddings"])
                rows = np.asarray(page["embeddings"], np.float32)
                found.chroma.update(zip(page["ids"], rows, strict=True))
    # a lost vector is any error, also a panic of Chroma's Rust side, which is no Exception.
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        found.faults.append(f"Chroma cannot be read: {error}")
    finally:
        client.close()


def _check(found: Contents) -> None:
    """Note where the parts of one index disagree."""
    named = {chunk[-1] for chunk in found.chunks.values()}
    for what, ids in (
        ("a vector without a chunk", found.vectors.keys() - named),
        ("a chunk without its vector", named - found.vectors.keys()),
        ("lost by Chroma", found.vectors.keys() - found.chroma.keys()),
        ("too many in Chroma", found.chroma.keys() - found.vectors.keys()),
    ):
        found.faults += [f"{what}: {vector_id}" for vector_id in sorted(ids)]
    for vector_id in sorted(found.vectors.keys() & found.chroma.keys()):
        ours, theirs = found.vectors[vector_id], found.chroma[vector_id]
        if not np.allclose(ours, theirs, atol=FLOAT16_ROUNDING):
            found.faults.append(f"Chroma's vector {vector_id} is not the catalog's")
    counted = Counter(path for path, _ in found.chunks)
    for path, row in found.files.items():
        if row[-1] != counted[path]:
            found.faults.append(f"{path} has {counted[path]} chunks, and the ledger says {row[-1]}")
    for path, count in counted.items():
        if {ordinal for each, ordinal in found.chunks if each == path} != set(range(count)):
            found.faults.append(f"the chunks of {path} are not numbered from 0 on")


def _cosine(one: Vector, other: Vector) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
