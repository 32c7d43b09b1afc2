"""What can be asked of the ledger: roots, and what became of every file."""

from pathlib import Path

from indexer.catalog import Catalog
from indexer.types import FileEntry, FileState, FileStatus


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
        limit: int = 1000,
        offset: int = 0,
    ) -> list[FileEntry]:
        """List the ledger in path order."""
        with self._catalog.read() as catalog:
            return catalog.files(status=status, under=under, limit=limit, offset=offset)

    def counts(self) -> dict[FileStatus, int]:
        """Count the files of each status; every status is a key."""
        with self._catalog.read() as catalog:
            return catalog.counts()

    def chunk_count(self) -> int:
        """Count the chunks that can be found."""
        with self._catalog.read() as catalog:
            return catalog.chunk_count()

    @property
    def embedded_total(self) -> int:
        """Texts embedded since the index was made."""
        with self._catalog.read() as catalog:
            return int(catalog.meta("embedded_total") or "0")

    def known_content(self, content_hash: str) -> bool:
        """Tell whether a file with these bytes is indexed somewhere."""
        with self._catalog.read() as catalog:
            return catalog.has_content(content_hash)
