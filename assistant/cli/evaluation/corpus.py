"""A folder that is indexed for one command, in a home of its own, and forgotten at its end."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from assistant.cli.diagnostics import StatusLine
from assistant.overview import describe
from indexer.client import IndexerClient, connect
from indexer.errors import UsageError
from indexer.paths import Places


@contextlib.contextmanager
def indexed_apart(folder: Path, places: Places, line: StatusLine) -> Iterator[Places]:
    """Index a folder beside everything else, and remove what was made at the end.

    Args:
        folder: What is indexed.
        places: Whose settings hold.
        line: Shows how far it is.

    Yields:
        The places of an indexer that knows this folder alone.

    Raises:
        UsageError: If it is no folder.
        KbError: If it cannot be indexed.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    # not in the person's home: a path there may be too long for a socket.
    home = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp" if Path("/tmp").is_dir() else None))
    apart = Places(config_file=places.config_file, home=home)
    try:
        line.show(f"indexing {folder}…")
        client = connect(apart)
        client.add_root(folder)
        for progress in client.progress():
            if not progress.is_idle:
                line.show(describe(progress))
        yield apart
    finally:
        line.show("removing the index…")
        IndexerClient(apart).stop()
        shutil.rmtree(home, ignore_errors=True)
