"""Starting over: everything indexed is forgotten, and the folders are kept.

For an index built with another embedding model, and for one that is damaged.
What follows is a sweep that finds every file new.
"""

import contextlib
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from indexer.catalog import Catalog, is_beyond_repair, rescued_roots
from indexer.errors import StoreError
from indexer.paths import Places

logger = logging.getLogger(__name__)


def start_over(places: Places) -> None:
    """Empty the catalog but for the roots, and delete the vector store; nothing may have them open.

    A catalog that is damaged, wherever it is, or a newer version's is set aside under another
    name; its roots have to be added again only where they cannot be read from it.

    Raises:
        StoreError: If catalog or vector store cannot be changed.
    """
    try:
        _clear(places.catalog_file)
    except StoreError as error:
        # a full disk, say, is nothing that another file would help against.
        if not is_beyond_repair(error):
            raise
        roots = rescued_roots(places.catalog_file)
        aside = _set_aside(places.catalog_file)
        logger.warning("catalog_set_aside file=%r reason=%r roots=%d", str(aside), error.message, len(roots))
        if roots:
            _clear(places.catalog_file, roots)
    try:
        shutil.rmtree(places.chroma_dir)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StoreError(f"cannot delete {places.chroma_dir}: {error.strerror}") from error


def _clear(file: Path, roots: Sequence[Path] = ()) -> None:
    """Empty a catalog but for the roots, and add some."""
    with contextlib.closing(Catalog.open(file)) as catalog, catalog.write() as transaction:
        transaction.clear()
        for root in roots:
            transaction.add_root(root)


def _set_aside(file: Path) -> Path:
    """Rename a file and SQLite's companions of it to names that are free."""
    number = 1
    while (aside := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    try:
        for suffix in ("-wal", "-shm", ""):
            source = Path(f"{file}{suffix}")
            if source.exists():
                source.rename(f"{aside}{suffix}")
    except OSError as error:
        raise StoreError(f"cannot rename {file}: {error.strerror}") from error
    return aside
