"""The worker child: frames come in on standard input, answers leave on standard output.

Logs go to standard error. It ends when its standard input closes, so it never
outlives the daemon.
"""

import logging
import os
import sys
from pathlib import Path

from indexer.worker.service import serve


def main() -> None:
    """Serve the parent until it goes away."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # a library that prints would break the frames: only this private copy is still the pipe.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    settings_json, cache_dir, store_dir = sys.argv[1:]
    serve(
        requests,
        answers,
        settings_json=settings_json,
        cache_dir=Path(cache_dir),
        store_dir=Path(store_dir) if store_dir else None,
    )
    # without the interpreter's teardown: torch's and Chroma's threads make it slow, and at times fatal.
    os._exit(0)


if __name__ == "__main__":
    main()
