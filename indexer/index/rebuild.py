"""Starting over: everything indexed is forgotten, and the folders are kept.

By request, for an index that is to be made anew; by itself, for a catalog that
was lost or damaged. What follows is a sweep that finds every file new. The list
of folders is the one thing that no sweep can find again, so a copy of it stands
beside the catalog.
"""

import contextlib
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from indexer.catalog import (
    Catalog,
    find_damage,
    is_beyond_repair,
    is_damaged,
    is_marked,
    rescued_roots,
    unmark,
)
from indexer.errors import StoreError
from indexer.index.compaction import leftover_stores
from indexer.paths import Places

logger = logging.getLogger(__name__)

KEPT_ASIDE = 2
"""Damaged catalogs that are kept; older ones are deleted, so that they do not fill the disk."""

Opener = Callable[[Path], Catalog]

_ROOTS_KEY = "roots_are_kept"
_RECOVERED_KEY = "recovered"


def open_catalog(places: Places, *, opened: Opener = Catalog.open) -> Catalog:
    """Open the catalog of an index; one that is lost or damaged is begun anew, with the same folders.

    A newer version's is left alone.

    Args:
        places: The index.
        opened: Opens a file that is sound, or makes it.

    Raises:
        StoreError: If it cannot be opened, and another one would not help.
    """
    file = places.catalog_file
    kept = _kept_roots(places)
    if not file.exists() and kept:
        return _begun_anew(places, f"the catalog {file} was deleted", kept, opened)
    if is_marked(file) and file.exists():
        if damage := find_damage(file):
            return _begun_anew(places, f"the catalog {file} was damaged ({damage})", kept, opened)
        unmark(file)
    try:
        catalog = opened(file)
        try:
            if kept and _is_new(catalog):
                _delete_stores(places)
                return _begin(catalog, f"the catalog {file} was emptied", kept)
            keep_roots(catalog)
        except BaseException:
            catalog.close()
            raise
    except StoreError as error:
        if not is_damaged(error):
            raise
        return _begun_anew(places, f"the catalog {file} was damaged", kept, opened)
    return catalog


def keep_roots(catalog: Catalog) -> None:
    """Bring the copy of the list of folders in step with the catalog.

    Raises:
        StoreError: If the catalog cannot be read or written.
    """
    with catalog.read() as reading:
        roots, is_noted = reading.roots(), reading.meta(_ROOTS_KEY) is not None
    file = _roots_file(catalog.file)
    if _read_roots(file) != roots:
        beside = file.with_name(f"{file.name}.new")
        try:
            with beside.open("w", encoding="ascii") as stream:
                json.dump([str(root) for root in roots], stream)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(file)
        except OSError as error:
            # the catalog has them, which is what counts; the next change or start tries again.
            logger.warning("roots_not_kept file=%s reason=%s", file, error.strerror)
            return
    if not is_noted:
        with catalog.write() as writing:
            writing.set_meta(_ROOTS_KEY, "1")


def recovery_of(noted: str | None) -> dict[str, Any] | None:
    """Return what was noted of the last time that a catalog was begun anew: message, and at which time."""
    return None if noted is None else dict(json.loads(noted))


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
        _begun_anew(places, error.message, _kept_roots(places), Catalog.open).close()
    _delete_stores(places)


def delete_index(places: Places) -> None:
    """Delete an index that nobody has open, with its folder where it has one of its own.

    Raises:
        StoreError: If its vectors cannot be deleted.
    """
    _delete_stores(places)
    file = places.catalog_file
    for each in (file, Path(f"{file}-wal"), Path(f"{file}-shm"), _roots_file(file)):
        each.unlink(missing_ok=True)
    unmark(file)
    if places.edition:
        shutil.rmtree(places.index_dir, ignore_errors=True)


def _begun_anew(places: Places, reason: str, kept: Sequence[Path], opened: Opener) -> Catalog:
    """Set a catalog aside and make another one with its folders; return it open."""
    file = places.catalog_file
    roots = kept or rescued_roots(file)
    aside = _set_aside(file)
    _delete_stores(places)
    unmark(file)
    if aside:
        reason += f" and is now {aside.name}"
    return _begin(opened(file), reason, roots)


def _begin(catalog: Catalog, reason: str, roots: Sequence[Path]) -> Catalog:
    """Give an empty catalog its folders, and note why it is empty."""
    what = "every file is indexed again" if roots else "its folders are not known any more: add them again"
    logger.warning("catalog_begun_anew reason=%s roots=%d", reason, len(roots))
    try:
        with catalog.write() as transaction:
            for root in roots:
                transaction.add_root(root)
            noted = {"message": f"{reason}; {what}", "at": time.time()}
            transaction.set_meta(_RECOVERED_KEY, json.dumps(noted))
        keep_roots(catalog)
    except BaseException:
        catalog.close()
        raise
    return catalog


def _clear(file: Path) -> None:
    """Empty a catalog but for the roots."""
    with contextlib.closing(Catalog.open(file)) as catalog:
        with catalog.write() as transaction:
            transaction.clear()
        keep_roots(catalog)


def _is_new(catalog: Catalog) -> bool:
    """Tell whether a catalog never had its folders copied, and has none to copy."""
    with catalog.read() as reading:
        return reading.meta(_ROOTS_KEY) is None and not reading.roots()


def _roots_file(catalog_file: Path) -> Path:
    return catalog_file.with_name("roots.json")


def _kept_roots(places: Places) -> list[Path]:
    return _read_roots(_roots_file(places.catalog_file)) or []


def _read_roots(file: Path) -> list[Path] | None:
    """Return what a copy lists; `None` if there is none, or none that can be read."""
    try:
        return [Path(root) for root in json.loads(file.read_text(encoding="ascii"))]
    except (OSError, ValueError, TypeError):
        return None


def _delete_stores(places: Places) -> None:
    """Delete what is derived from a catalog that is no more."""
    for name in leftover_stores(places.index_dir, ""):
        directory = places.index_dir / name
        try:
            shutil.rmtree(directory)
        except OSError as error:
            raise StoreError(f"cannot delete {directory}: {error.strerror}") from error


def _set_aside(file: Path) -> Path | None:
    """Rename a file and SQLite's companions of it to names that are free; `None` if there is nothing."""
    there = [suffix for suffix in ("-wal", "-shm", "") if Path(f"{file}{suffix}").exists()]
    if not there:
        return None
    before = _set_aside_before(file)
    number = before[-1][0] + 1 if before else 1
    aside = file.with_name(f"{file.name}.damaged-{number}")
    try:
        for suffix in there:
            Path(f"{file}{suffix}").rename(f"{aside}{suffix}")
        for _, old in before[: max(0, len(before) + 1 - KEPT_ASIDE)]:
            for suffix in ("-wal", "-shm", ""):
                Path(f"{old}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot rename {file}: {error.strerror}") from error
    return aside


def _set_aside_before(file: Path) -> list[tuple[int, Path]]:
    """List the catalogs that were set aside, by number, the oldest first."""
    found = []
    for path in file.parent.glob(f"{file.name}.damaged-*"):
        if match := re.search(r"\.damaged-([0-9]+)(?:-wal|-shm)?$", path.name):
            number = int(match[1])
            found.append((number, file.with_name(f"{file.name}.damaged-{number}")))
    return sorted(set(found))
