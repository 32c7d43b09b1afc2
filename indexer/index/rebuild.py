"""Starting over: everything indexed is forgotten, and the folders are kept.

For an index built with another embedding model, and for one that is damaged.
What follows is a sweep that finds every file new.
"""

import logging
import shutil
from pathlib import Path

from indexer.catalog import Catalog
from indexer.errors import StoreError
from indexer.paths import Places

logger = logging.getLogger(__name__)


def start_over(places: Places) -> None:
    """Empty the catalog but for the roots, and delete the vector store; nothing may have them open.

    A catalog that cannot be opened is set aside under another name; its roots have to be
    added again.

    Raises:
        StoreError: If catalog or vector store cannot be changed.
    """
    try:
        catalog = Catalog.open(places.catalog_file)
    except StoreError as error:
        aside = _set_aside(places.catalog_file)
        logger.warning("catalog_set_aside file=%r reason=%r", str(aside), error.message)
    else:
        try:
            with catalog.write() as transaction:
                transaction.clear()
        finally:
            catalog.close()
    try:
        shutil.rmtree(places.chroma_dir)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StoreError(f"cannot delete {places.chroma_dir}: {error.strerror}") from error


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
