"""The mark on a catalog that gave reason to doubt it.

Damage shows where a page is read, which may be long after the file was opened.
Whoever meets it leaves a mark beside the file, and the next opening looks at
all of it: what turns out to be sound is not thrown away for one bad moment.
"""

import contextlib
from pathlib import Path


def mark_of(file: Path) -> Path:
    """Return where it is marked that a catalog is to be looked at closely."""
    return file.with_name(f"{file.name}.suspect")


def mark(file: Path) -> None:
    """Have a catalog looked at closely when it is opened next."""
    # a full or read-only disk: then whoever meets the damage next tries again.
    with contextlib.suppress(OSError):
        mark_of(file).touch(mode=0o600)


def is_marked(file: Path) -> bool:
    """Tell whether a catalog is to be looked at closely."""
    return mark_of(file).exists()


def unmark(file: Path) -> None:
    """Take the mark away."""
    with contextlib.suppress(OSError):
        mark_of(file).unlink(missing_ok=True)
