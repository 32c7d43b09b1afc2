"""Documents on their way into the index: what they are, and how they are worked on in groups."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indexer.catalog import FileRecord, searchable_name
from indexer.types import Chunk, Embeddings, FileState, FileStatus

GROUP_CHUNKS = 256
"""Chunks embedded and committed together; the next group is embedded while one is committed."""

PAGES_NAMED = 5
"""Pages without text that a reason names; the rest is "…"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """One file as it is to stand in the index."""

    path: Path
    root: Path
    state: FileState
    title: str
    chunks: Sequence[Chunk]
    content_hash: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    pages_without_text: Sequence[int] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PutCounts:
    """What `Index.put_documents` did."""

    chunks: int
    """Chunks that are searchable now."""

    embedded: int
    """Texts that had to be embedded for it."""

    written: tuple[NewDocument, ...] = ()
    """The documents that are searchable now; the others were not wanted any more."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document and the vectors its chunks need."""

    document: NewDocument
    vector_ids: list[str]

    @property
    def searchable_name(self) -> str:
        """The file's name, and its title where that says more."""
        return searchable_name(self.document.path, self.document.title)

    def record(self, *, indexed_at: float) -> FileRecord:
        """Return the document's row of the ledger."""
        document = self.document
        status, reason = _status_of(document)
        return FileRecord(
            path=document.path,
            root=document.root,
            state=document.state,
            status=status,
            reason=reason,
            content_hash=document.content_hash,
            title=document.title,
            metadata=document.metadata,
            pages_without_text=document.pages_without_text,
            indexed_at=indexed_at,
        )


@dataclass(frozen=True, slots=True)
class Embedded:
    """What was new, in the parts in which it was embedded."""

    parts: list[tuple[list[str], Embeddings]]
    """Vector ids, and what the model made of their texts."""

    @property
    def count(self) -> int:
        """Texts that were embedded."""
        return sum(len(ids) for ids, _ in self.parts)


def vector_id_of(embedded_text: str, fingerprint: str) -> str:
    """Name a vector by what was embedded, with what; 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(fingerprint.encode())
    digest.update(b"\0")
    digest.update(embedded_text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def groups_of(documents: Sequence[NewDocument]) -> list[list[NewDocument]]:
    """Split documents into groups of about `GROUP_CHUNKS` chunks; a document is never split."""
    groups: list[list[NewDocument]] = []
    filled = GROUP_CHUNKS
    for document in documents:
        if filled >= GROUP_CHUNKS:
            groups.append([])
            filled = 0
        groups[-1].append(document)
        filled += len(document.chunks)
    return groups


def _status_of(document: NewDocument) -> tuple[FileStatus, str]:
    """Return the status of a document that was read, and what is missing of it."""
    reasons = list(document.notes)
    if pages := document.pages_without_text:
        listed = ", ".join(map(str, pages[:PAGES_NAMED])) + (", …" if len(pages) > PAGES_NAMED else "")
        reasons.append(f"no text on page{'s' if len(pages) > 1 else ''} {listed}")
    return (FileStatus.PARTIAL, "; ".join(reasons)) if reasons else (FileStatus.INDEXED, "")
