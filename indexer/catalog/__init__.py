"""The SQLite catalog: the truth about every file, chunk and vector.

`Catalog.read()` and `Catalog.write()` hand out one transaction each; what can
be done inside stands in `reading` and `writing`. Chroma is derived from here
and can be rebuilt without reading a single file of the user's.
"""

from indexer.catalog.adopting import Adoption, searchable_name
from indexer.catalog.database import (
    Catalog,
    find_damage,
    is_beyond_repair,
    is_damaged,
    rescued_roots,
)
from indexer.catalog.files import FileRow
from indexer.catalog.reading import CatalogReader, StoredChunk
from indexer.catalog.scoping import Scope
from indexer.catalog.soundness import is_marked, unmark
from indexer.catalog.writing import CatalogWriter, FileRecord

__all__ = [
    "Adoption",
    "Catalog",
    "CatalogReader",
    "CatalogWriter",
    "FileRecord",
    "FileRow",
    "Scope",
    "StoredChunk",
    "find_damage",
    "is_beyond_repair",
    "is_damaged",
    "is_marked",
    "rescued_roots",
    "searchable_name",
    "unmark",
]
