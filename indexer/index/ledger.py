"""What can be asked of the ledger: roots, and what became of every file."""

from collections.abc import Sequence
from pathlib import Path

from indexer.catalog import Catalog, FileRow
from indexer.types import FileEntry, FileState, FileStatus, NamedFile


class LedgerReads:
    """The questions to the ledger, each answered from one moment of the catalog. Thread-safe."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def roots(self) -> list[Path]:
        """List the roots, in path order."""
        with self._catalog.read() as catalog:
            return catalog.roots()

    def root_counts(self) -> dict[Path, int]:
        """Count the files of each root."""
        with self._catalog.read() as catalog:
            return catalog.root_counts()

    def states(self, root: Path) -> dict[Path, FileState]:
        """Return what the catalog believes of every file of a root that is not pending."""
        with self._catalog.read() as catalog:
            return catalog.states(root)

    def files(
        self,
        *,
        status: FileStatus | None = None,
        under: Path | None = None,
        text: str = "",
        limit: int = 1000,
        offset: int = 0,
    ) -> list[FileEntry]:
        """List the ledger in path order; see `CatalogReader.files`."""
        with self._catalog.read() as catalog:
            return catalog.files(status=status, under=under, text=text, limit=limit, offset=offset)

    def file_count(
        self, *, status: FileStatus | None = None, under: Path | None = None, text: str = ""
    ) -> int:
        """Count what `files` lists."""
        with self._catalog.read() as catalog:
            return catalog.file_count(status=status, under=under, text=text)

    def file_rows(self, under: Path) -> dict[bytes, FileRow]:
        """Return the bare rows of a folder's files, or of a file by itself, by path."""
        with self._catalog.read() as catalog:
            return catalog.file_rows(under)

    def file(self, path: Path) -> FileEntry | None:
        """Return the row of a file, or `None`."""
        with self._catalog.read() as catalog:
            return catalog.file(path)

    def named_files(self, names: Sequence[str]) -> list[list[NamedFile]]:
        """Return for each name, as a person would write it, the files that it fits best."""
        with self._catalog.read() as catalog:
            return catalog.named_files(names)

    def tag_counts(self, beginning: str, *, limit: int) -> dict[str, int]:
        """Count the files of the tags that begin so, the most frequent first."""
        with self._catalog.read() as catalog:
            return catalog.tag_counts(beginning, limit=limit)

    def ending_counts(self) -> dict[str, int]:
        """Count the files of each ending, the most frequent first."""
        with self._catalog.read() as catalog:
            return catalog.ending_counts()

    def place_counts(self, typed: str, *, limit: int) -> dict[str, int]:
        """Count the files of the folders and files that a beginning may stand for, the largest first."""
        with self._catalog.read() as catalog:
            return catalog.place_counts(typed, limit=limit)

    def pages_without_text(self, path: Path) -> list[int]:
        """List the pages of a file that hold no text, from 1."""
        with self._catalog.read() as catalog:
            return catalog.pages_without_text(path)

    def counts(self, *, under: Path | None = None) -> dict[FileStatus, int]:
        """Count the files of each status, of everything or of a folder; every status is a key."""
        with self._catalog.read() as catalog:
            return catalog.counts(under=under)

    def chunk_count(self, *, under: Sequence[Path] = ()) -> int:
        """Count the chunks that can be found, of everything or of some folders and files."""
        with self._catalog.read() as catalog:
            return catalog.chunk_count(under=under)

    def due(self, now: float) -> list[FileEntry]:
        """List the failed files that are to be tried again by now, in seconds since the epoch."""
        with self._catalog.read() as catalog:
            return catalog.due(now)

    def retry_count(self) -> int:
        """Count the failed files that will be tried again although they did not change."""
        with self._catalog.read() as catalog:
            return catalog.retry_count()

    def next_retry(self, *, after: float = 0.0) -> float | None:
        """Return when the first failed file after a time is to be tried again, in seconds since the epoch."""
        with self._catalog.read() as catalog:
            return catalog.next_retry(after=after)

    def note_limits(self, limits: str) -> int:
        """Note what files are read with; where that is new, have all that failed tried again at once.

        Returns:
            How many files those are.
        """
        with self._catalog.write() as catalog:
            if catalog.meta("limits") == limits:
                return 0
            catalog.set_meta("limits", limits)
            return catalog.retry_failed(0.0)

    def retry_failed(self, at: float, *, under: Sequence[Path] = (), is_waiting_only: bool = False) -> int:
        """Have failed files tried again from a time on; see `CatalogWriter.retry_failed`."""
        with self._catalog.write() as catalog:
            return catalog.retry_failed(at, under=under, is_waiting_only=is_waiting_only)

    @property
    def embedded_total(self) -> int:
        """Texts embedded since the index was made."""
        with self._catalog.read() as catalog:
            return int(catalog.meta("embedded_total") or "0")

    def copies_of(self, content_hash: str) -> list[Path]:
        """List some of the files that are indexed and hold these bytes."""
        with self._catalog.read() as catalog:
            return catalog.copies_of(content_hash)

    def may_adopt(self, source: Path, path: Path, content_hash: str) -> bool:
        """Tell whether a file is indexed with these bytes, and what is stored would do for another path."""
        with self._catalog.read() as catalog:
            return catalog.may_adopt(source, path, content_hash)

    def meta(self, key: str) -> str | None:
        """Return what was noted under a key; `None` if nothing was."""
        with self._catalog.read() as catalog:
            return catalog.meta(key)

    def set_meta(self, key: str, value: str) -> None:
        """Note something under a key, in place of what stood there."""
        with self._catalog.write() as catalog:
            catalog.set_meta(key, value)
