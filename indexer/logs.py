"""What the resident processes log: one line an event, in files that cannot grow without end.

A line is a time, a level, the process and an event with `key=value` pairs,
taken from the template of the call: `logger.info("root_swept path=%s files=%d", …)`.
Messages of exceptions and of libraries may quote a document or a question, so of
those only the kind and the place in the code are written.

The file is rotated by copying and emptying it, not by renaming: native code and
children append to the same open file, and go on doing so.
"""

import contextlib
import functools
import json
import logging
import os
import re
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType

from indexer.errors import ConfigError

LOG_BYTES = 2_000_000
"""Size at which a log is put aside, and another one begun."""

LOGS_KEPT = 3
"""How many logs that were put aside are kept."""

VALUE_CHARS = 4200
"""A value is cut off here; the longest path is shorter."""

LOOK_EVERY_S = 0.2
"""How often whoever follows a log looks at it."""

_OURS = frozenset({"indexer", "assistant", "__main__"})

_EVENT = re.compile(r"(?:[a-z][a-z0-9_.]*|%s)(?: [a-z_]+=(?:%[srd]|%\.\d+f|[a-z0-9_]+))*")
_PLAIN_VALUE = re.compile(r"[^\s\"=\\]+")

logger = logging.getLogger(__name__)


def set_up(file: Path | None, *, level: int = logging.INFO, is_said: bool = True) -> None:
    """Send what this process logs to a file, and to standard error unless that is the file already.

    What threads do not catch and what is warned of is logged from then on as well.

    Args:
        file: The log; `None` for standard error alone.
        level: From which level on our own events are logged; of libraries it is warnings.
        is_said: Whether standard error is written to; where an app draws on the terminal it is not.

    Raises:
        ConfigError: If the file cannot be written.
    """
    # a full disk is told by the error that it causes, not by a traceback of the log.
    logging.raiseExceptions = False
    handlers: list[logging.Handler] = []
    if file is not None:
        try:
            handlers.append(RotatingLog(file))
        except OSError as error:
            raise ConfigError(f"cannot write {file}: {error.strerror}") from error
    if file is None or (is_said and not _is_stderr(file)):
        handlers.append(logging.StreamHandler())
    for handler in handlers:
        handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_thread_failure
    sys.excepthook = _log_crash


class LineFormatter(logging.Formatter):
    """Writes a record as one line of event, keys and values."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        said = f"{at} {record.levelname} pid={record.process} {_said(record)}"
        if record.exc_info and record.exc_info[1] is not None:
            said += _failure(record.exc_info[1])
        return said


class RotatingLog(logging.Handler):
    """Appends lines to a file, which is put aside when it is full. Thread-safe.

    Args:
        file: The log, made with mode 0600.
        max_bytes: When it is put aside.
        kept: How many that were put aside are kept, as `FILE.1`, the newest, to `FILE.<kept>`.

    Raises:
        OSError: If the file cannot be opened.
    """

    def __init__(self, file: Path, *, max_bytes: int = LOG_BYTES, kept: int = LOGS_KEPT) -> None:
        super().__init__()
        self._file = file
        self._max_bytes = max_bytes
        self._kept = kept
        self._limit = max_bytes
        self._descriptor = self._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; what cannot be written is lost, and nobody stops for it."""
        try:
            line = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
            self._find_again()
            size = os.fstat(self._descriptor).st_size
            if size and size + len(line) > self._limit:
                self._put_aside(size)
            # one call: lines of several processes do not mix.
            os.write(self._descriptor, line)
        except Exception:  # noqa: BLE001 - as every handler of logging does
            self.handleError(record)

    def close(self) -> None:
        """Close the file."""
        with self.lock or contextlib.nullcontext():
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
        super().close()

    def _open(self) -> int:
        return os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def _find_again(self) -> None:
        """Begin anew where somebody moved or deleted the file, standard error with it."""
        ours = os.fstat(self._descriptor)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(self._file), ours):  # noqa: PTH116 - as `fstat` beside it
                return
        try:
            found = self._open()
        except OSError:
            # its folder is gone: the old one must do.
            return
        if os.path.samestat(os.fstat(2), ours):
            os.dup2(found, 2)
        os.dup2(found, self._descriptor, inheritable=False)
        os.close(found)

    def _put_aside(self, size: int) -> None:
        part = self._file.with_name(f"{self._file.name}.part")
        try:
            self._copy_to(part)
        except OSError:
            # no room for a copy: tried again later, and not with each line.
            with contextlib.suppress(OSError):
                part.unlink()
            self._limit = size + self._max_bytes
            return
        # what others append between the copy and the end is lost: some microseconds in every 2 MB.
        for number in range(self._kept - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                put_aside(self._file, number).replace(put_aside(self._file, number + 1))
        part.replace(put_aside(self._file, 1))
        os.ftruncate(self._descriptor, 0)
        self._limit = self._max_bytes

    def _copy_to(self, part: Path) -> None:
        with part.open("wb") as copy, self._file.open("rb") as log:
            os.fchmod(copy.fileno(), 0o600)
            shutil.copyfileobj(log, copy)


def put_aside(file: Path, number: int) -> Path:
    """Name a log that was put aside; the newest has number 1."""
    return file.with_name(f"{file.name}.{number}")


def last_lines(file: Path, count: int) -> list[str]:
    """Return the last lines of a log, of what was put aside as well where the log is too short."""
    return _last(count, _read_from(file, 0), put_aside(file, 1))


def follow(
    file: Path, *, last: int = 0, pause: Callable[[], object] = lambda: time.sleep(LOOK_EVERY_S)
) -> Iterator[str]:
    """Yield the last lines of a log and then what is added to it; never ends.

    Args:
        file: The log, which need not exist yet.
        last: With how many lines to begin.
        pause: Called whenever there is nothing new.
    """
    aside = _identity(put_aside(file, 1))
    there = _read_from(file, 0)
    yield from _last(last, there, put_aside(file, 1))
    position = len(there)
    rest = b""
    while True:
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_size < position and _identity(put_aside(file, 1)) == aside:
                # somebody emptied it.
                position = 0
        added = _read_from(file, position)
        newest = _identity(put_aside(file, 1))
        if is_put_aside := newest != aside:
            # the copy holds what came after our last look; the log itself begins anew.
            added = _read_from(put_aside(file, 1), position)
            aside, position = newest, 0
        else:
            position += len(added)
        *lines, rest = (rest + added).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in lines)
        if is_put_aside or not lines:
            pause()


def _said(record: logging.LogRecord) -> str:
    template = str(record.msg)
    is_ours = record.name.partition(".")[0] in _OURS
    if not (is_ours and is_event(template)):
        # what a library fills in is not ours to write down, nor is text that it put together itself.
        said = _quoted(template) if record.args and not is_ours else "unknown"
        place = f"{record.module}:{record.lineno}"
        return f"said_by logger={_quoted(record.name)} at={_quoted(place)} template={said}"
    values = iter(record.args if isinstance(record.args, tuple) else ())
    return re.sub(r"%(?:[srd]|\.\d+f)", lambda found: _filled(found[0], next(values)), template)


def _filled(directive: str, value: object) -> str:
    return _quoted(str(value)) if directive in {"%s", "%r"} else directive % value


@functools.lru_cache(maxsize=256)
def is_event(template: str) -> bool:
    """Tell whether a template is an event with keys, as all of ours are."""
    return _EVENT.fullmatch(template) is not None


def _quoted(value: str) -> str:
    """Write a value on one line, in quotes where its end could not be told."""
    if len(value) > VALUE_CHARS:
        value = value[:VALUE_CHARS] + "…"
    if value.isprintable() and _PLAIN_VALUE.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _failure(error: BaseException) -> str:
    """Say what an exception is and where it came from, without its message."""
    places = [
        f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return f" kind={type(error).__name__} at={_quoted(' > '.join(places))}"


def _log_thread_failure(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None:
        name = failure.thread.name if failure.thread else "unknown"
        logger.error("thread_failed thread=%s", name, exc_info=failure.exc_value)


def _log_crash(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    logger.critical("crashed", exc_info=(kind, error, place))


def _is_stderr(file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(2), file.stat())
    except OSError:
        return False


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns


def _read_from(file: Path, position: int) -> bytes:
    try:
        with file.open("rb") as log:
            log.seek(position)
            return log.read()
    except FileNotFoundError:
        return b""


def _last(count: int, content: bytes, before: Path) -> list[str]:
    lines = _texts(content)
    if len(lines) < count:
        lines = _texts(_read_from(before, 0)) + lines
    return lines[max(0, len(lines) - count) :]


def _texts(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").removesuffix("\n").split("\n") if content else []
