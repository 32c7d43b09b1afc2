"""Made-up documents for tests of what is stored."""

from collections.abc import Sequence
from pathlib import Path

from indexer.index import NewDocument
from indexer.types import Chunk, FileState, Locator

STATE = FileState(size_bytes=10, mtime_ns=1_700_000_000_000_000_000, inode=7)


def make_chunks(texts: Sequence[str], *, headings: tuple[str, ...] = ()) -> list[Chunk]:
    """Make chunks that follow one another, a line each."""
    chunks: list[Chunk] = []
    start = 0
    for ordinal, text in enumerate(texts):
        locator = Locator(line_start=ordinal + 1, line_end=ordinal + 1, headings=headings)
        chunks.append(Chunk(ordinal=ordinal, start=start, end=start + len(text), text=text, locator=locator))
        start += len(text) + 1
    return chunks


def make_document(
    path: Path,
    *texts: str,
    root: Path,
    title: str = "",
    headings: tuple[str, ...] = (),
    pages_without_text: Sequence[int] = (),
    notes: Sequence[str] = (),
) -> NewDocument:
    """Make a document whose chunks are the given texts."""
    return NewDocument(
        path=path,
        root=root,
        state=STATE,
        title=title or path.stem,
        chunks=make_chunks(texts, headings=headings),
        content_hash=str(hash(texts)),
        pages_without_text=pages_without_text,
        notes=notes,
    )
