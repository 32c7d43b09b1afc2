"""What the pipeline needs of the index."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol

from indexer.catalog import Adoption, FileRow
from indexer.index import FileRecord, NewDocument, PutCounts
from indexer.pipeline.adopting import Known
from indexer.pipeline.freshness import Notes
from indexer.pipeline.troubles import Retrying
from indexer.types import FileEntry, FileStatus


class Ledger(Known, Retrying, Notes, Protocol):
    """What the pipeline needs of `indexer.index.Index`."""

    def roots(self) -> list[Path]:
        """List the roots."""

    def add_root(self, path: Path, *, absorbing: Sequence[Path] = ()) -> None:
        """Add a root; the files of the absorbed roots become files of it."""

    def remove_root(self, path: Path) -> int:
        """Remove a root and return how many files were forgotten."""

    def files(
        self,
        *,
        status: FileStatus | None = None,
        under: Path | None = None,
        text: str = "",
        limit: int = 1000,
        offset: int = 0,
    ) -> list[FileEntry]:
        """List files in path order."""

    def file_rows(self, under: Path) -> dict[bytes, FileRow]:
        """Return the bare rows of a folder's files, or of a file by itself, by path."""

    def set_statuses(self, records: Sequence[FileRecord]) -> None:
        """Record what became of files that are not indexed."""

    def new_chunks(self, document: NewDocument) -> int:
        """Count the texts of a document that would have to be embedded."""

    def put_documents(
        self,
        documents: Sequence[NewDocument],
        *,
        is_urgent: bool,
        on_embedded: Callable[[int], None],
        is_wanted: Callable[[NewDocument], bool],
        goes_on: Callable[[], bool],
    ) -> PutCounts:
        """Index what files hold now, those that are still wanted when they are embedded."""

    def adopt(self, adoptions: Sequence[Adoption]) -> list[Adoption]:
        """Index files by what is stored of others with the same bytes; return those that were not done."""

    def forget(self, paths: Collection[Path]) -> None:
        """Forget files; their vectors stay, so that a moved file is not embedded again."""

    def purge(self, *, is_drained: bool) -> int:
        """Delete vectors that no file needs any more; return how many."""
