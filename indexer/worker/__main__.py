"""The worker child: frames come in on standard input, answers leave on standard output.

Logs go to standard error. It ends when its standard input closes, so it never
outlives the daemon.
"""

import logging
import os
import select
import signal
import sys
import threading
from pathlib import Path

from indexer import logs


def main() -> None:
    """Serve the parent until it goes away."""
    # a logout or Ctrl-C signals the whole group: a write must not end in its middle, the parent ends us.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    logs.set_up(None, level=logging.WARNING)
    # a library that prints would break the frames: only this private copy is still the pipe.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    settings_json, search_json, cache_dir, store_dir, nice = sys.argv[1:]
    store_is_touched = threading.Event()
    threading.Thread(
        target=_leave_with_parent, args=(requests.fileno(), store_is_touched), daemon=True
    ).start()
    # deferred: torch and Chroma take seconds to import, in which the parent may leave.
    from indexer.worker.serving import serve

    serve(
        requests,
        answers,
        settings_json=settings_json,
        search_json=search_json,
        cache_dir=Path(cache_dir),
        store_dir=Path(store_dir) if store_dir else None,
        store_is_touched=store_is_touched,
        nice=int(nice),
    )
    # without the interpreter's teardown: torch's and Chroma's threads make it slow, and at times fatal.
    os._exit(0)


def _leave_with_parent(requests: int, store_is_touched: threading.Event) -> None:
    """End at once when the parent is gone, for as long as nothing can be left half written."""
    poll = select.poll()
    # no event is asked for: that the other end was closed is told anyway.
    poll.register(requests, 0)
    while not store_is_touched.wait(0.1):
        if poll.poll(0):
            os._exit(0)


if __name__ == "__main__":
    main()
