"""Homes for tests: real directories with paths short enough for a socket."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.paths import Places


@contextmanager
def short_home() -> Iterator[Places]:
    """Make a home and remove it at the end; pytest's own directories have too long names."""
    home = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    try:
        places = Places(config_file=home / "config.toml", home=home)
        places.create()
        yield places
    finally:
        shutil.rmtree(home, ignore_errors=True)
