"""The child that reads strangers' files: `python -m indexer.extract TOKENIZER CAPACITY MEMORY_MB`.

It talks frames over standard input and output, reads one file at a time, and
ends when its input closes. What a file can do to it ends with it: memory is
limited, it writes no file, opens no socket, starts no process, and dumps no core.
"""

import hashlib
import logging
import os
import resource
import select
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from indexer.chunking import chunk_document
from indexer.errors import DocumentError, TransientError
from indexer.extract import extract
from indexer.extract.builder import sound
from indexer.extract.loading import load
from indexer.frames import read_frame, write_frame
from indexer.tokens import TokenCounter

_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.",
)
_CPU_GRACE_S = 30


def main() -> None:
    """Serve until standard input closes."""
    tokenizer_file, capacity_tokens, memory_mb = sys.argv[1:4]
    requests, answers = _take_streams()
    counter = TokenCounter.load(Path(tokenizer_file))
    _limit(int(memory_mb))
    write_frame(answers, {"ready": True})
    threading.Thread(target=_end_with_parent, args=(requests.fileno(),), daemon=True).start()
    while True:
        try:
            request, _ = read_frame(requests)
        except EOFError:
            return
        answer = _answer(request, counter, int(capacity_tokens))
        write_frame(answers, answer)
        if answer.get("kind") == "memory":
            # what is left of the address space is in pieces: the next file gets a fresh child.
            return


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for frames; whatever a library prints goes nowhere it could do harm."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return requests, answers


def _limit(memory_mb: int) -> None:
    """Give up what reading files does not need."""
    # from here on nothing is said: a library's warning may quote a document.
    logging.disable()
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        # elsewhere address space is not what it costs; there the parent watches alone.
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        most = pages * resource.getpagesize() + (memory_mb << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    sys.addaudithook(refuse)


def refuse(event: str, _arguments: object) -> None:
    """Stop what no reader of files has to do; an audit hook.

    Raises:
        PermissionError: If the event reaches outside of this process.
    """
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"reading a file asks for {event}")


def _end_with_parent(descriptor: int) -> None:
    """End in the middle of a file when the parent is gone."""
    poll = select.poll()
    poll.register(descriptor, 0)
    while not any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll()):
        pass
    os._exit(0)


def _answer(request: dict[str, Any], counter: TokenCounter, capacity_tokens: int) -> dict[str, Any]:
    """Read one file; whatever goes wrong is an answer."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent_s = used.ru_utime + used.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    # a backstop for a parent that cannot kill us any more.
    most_s = int(spent_s + request["timeout_s"]) + _CPU_GRACE_S
    resource.setrlimit(resource.RLIMIT_CPU, (most_s if hard < 0 else min(most_s, hard), hard))
    try:
        return _read(Path(request["path"]), counter, capacity_tokens)
    except DocumentError as error:
        kind = "transient" if isinstance(error, TransientError) else "permanent"
        return {"kind": kind, "message": error.message, "hint": error.hint}
    except MemoryError:
        return {"kind": "memory"}
    except RecursionError:
        return {"kind": "permanent", "message": "it is nested too deeply", "hint": ""}
    # the loop that must survive every file; the class alone is told, a message may quote the document.
    except Exception as error:  # noqa: BLE001
        return {"kind": "permanent", "message": f"reading it failed ({type(error).__name__})", "hint": ""}


def _read(path: Path, counter: TokenCounter, capacity_tokens: int) -> dict[str, Any]:
    data = load(path)
    document = extract(path, data)
    chunks = chunk_document(document, counter=counter, capacity_tokens=capacity_tokens)
    return {
        "kind": "read",
        "title": sound(document.title),
        "metadata": document.metadata,
        "chunks": [chunk.to_json() for chunk in chunks],
        "pages_without_text": document.pages_without_text,
        "notes": document.notes,
        "content_hash": hashlib.blake2b(data, digest_size=16).hexdigest(),
    }


if __name__ == "__main__":
    main()
