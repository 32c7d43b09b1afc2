"""The vocabulary: what moves between the rooms of kb, as frozen values.

Offsets are code points of a document's extracted text, half-open. Lines and
pages are counted from 1, ordinals from 0. Scores and similarities: higher is
better. What crosses a process border has `to_json` and `from_json`.
"""

from indexer.types.documents import Block, BlockKind, Chunk, Document
from indexer.types.explanations import (
    CandidateTrace,
    FileOutcome,
    FileTrace,
    Outcome,
    SearchTrace,
    WordTrace,
    WordUse,
)
from indexer.types.ledger import FileEntry, FilesPage, FileState, FileStatus, Progress
from indexer.types.passages import EVERYTHING, Filters, Grounds, Offer, Passage, SearchResult
from indexer.types.places import Locator, Span
from indexer.types.texts import FileText, NamedFile
from indexer.types.vectors import Embeddings, Vectors

__all__ = [
    "EVERYTHING",
    "Block",
    "BlockKind",
    "CandidateTrace",
    "Chunk",
    "Document",
    "Embeddings",
    "FileEntry",
    "FileOutcome",
    "FileState",
    "FileStatus",
    "FileText",
    "FileTrace",
    "FilesPage",
    "Filters",
    "Grounds",
    "Locator",
    "NamedFile",
    "Offer",
    "Outcome",
    "Passage",
    "Progress",
    "SearchResult",
    "SearchTrace",
    "Span",
    "Vectors",
    "WordTrace",
    "WordUse",
]
