"""One file from the network to its place.

What has come stands in a `.part` file beside that place, named after the
version that is fetched, and the next attempt goes on behind it: after a lost
connection in this process, after Ctrl-C, a kill or a power cut in the next one.
The file gets its name when its size and its sha256 are right, and not before.
"""

import contextlib
import errno
import fcntl
import hashlib
import http
import http.client
import os
import re
import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from assistant.engine.gguf import MAGIC, read_head
from assistant.engine.pull.web import LONGEST_PAUSE_S, AnswerError, PassingError, Web
from assistant.errors import DownloadError, ModelFileError

PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""How long to wait before each further attempt; counted anew whenever something came."""

SPARE_BYTES = 200_000_000
"""What a download leaves free on the disk."""

_PIECE_BYTES = 1 << 20
_RANGE = re.compile(r"bytes (\d+)-\d*/(\d+|\*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A file elsewhere, in one version."""

    url: str
    size_bytes: int
    """0 if nobody says."""

    sha256: str
    """Empty if nobody says."""

    version: str = ""
    """Tells versions apart where there is no sha256."""

    @property
    def tag(self) -> str:
        """A short name of this version."""
        if self.sha256:
            return self.sha256[:12]
        said = f"{self.url} {self.size_bytes} {self.version}"
        return hashlib.blake2b(said.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Fetched:
    """How far a file is."""

    done_bytes: int
    """Of it that stands on this disk."""

    waiting_for: str = ""
    """Why nothing comes at the moment; empty while something does."""


def look_at(web: Web, url: str) -> Remote:
    """Ask what stands at an address of which no list tells.

    Raises:
        DownloadError: If there is nothing, or no GGUF.
    """
    host = urlsplit(url).netloc
    try:
        with web.open(url) as response:
            _check_begin(response, response.read(len(MAGIC)), host)
            length = response.headers.get("Content-Length", "")
            return Remote(
                url=url,
                size_bytes=int(length) if length.isascii() and length.isdigit() else 0,
                sha256="",
                version=response.headers.get("ETag") or response.headers.get("Last-Modified") or "",
            )
    except AnswerError as error:
        if error.status in {404, 410}:
            raise DownloadError(f"there is no file at {url}") from error
        raise
    except (PassingError, OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, PassingError) else "broke off"
        raise DownloadError(f"{host} {reason}", hint="try again later") from error


def missing_bytes(remote: Remote, target: Path) -> int:
    """Return how much of a file is still to be fetched; 0 if it is there."""
    if is_there(remote, target):
        return 0
    with contextlib.suppress(OSError):
        return max(0, remote.size_bytes - _part(remote, target).stat().st_size)
    return remote.size_bytes


def is_there(remote: Remote, target: Path) -> bool:
    """Tell whether a file was fetched before; it got its name only when it was whole."""
    try:
        size = target.stat().st_size
    except OSError:
        return False
    return size == remote.size_bytes or (remote.size_bytes == 0 and size > 0)


def check_room(needed: int, folder: Path) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises:
        DownloadError: If it is so.
    """
    free = shutil.disk_usage(folder).free
    if needed and needed + SPARE_BYTES > free:
        raise DownloadError(
            f"{needed / 1e9:.1f} GB are to be fetched, and {free / 1e9:.1f} GB are free in {folder}",
            hint="make room there, or choose a smaller quantisation with --quant",
        )


def download(web: Web, remote: Remote, target: Path) -> Generator[Fetched, None, None]:
    """Fetch a file, or the rest of it; yields how far it is, often.

    Whoever stops to iterate stops the download; what has come is kept.

    Raises:
        DownloadError: If it cannot be had; saying whether the next attempt goes on from here.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_other_versions(remote, target)
    part = _part(remote, target)
    with part.open("ab", buffering=0) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DownloadError(f"{target.name} is being downloaded already, by another kb") from None
        if is_there(remote, target):
            # another one finished it just now.
            part.unlink(missing_ok=True)
            return
        with _disk_trouble(target):
            yield from _Fetching(web, remote, part, stream.fileno(), name=target.name).run()
            os.fsync(stream.fileno())
            if not remote.sha256:
                _check_head(part, target)
            part.replace(target)


class _Fetching:
    """Brings one `.part` file to its end."""

    def __init__(self, web: Web, remote: Remote, part: Path, descriptor: int, *, name: str) -> None:
        self._web = web
        self._remote = remote
        self._part = part
        self._name = name
        self._descriptor = descriptor
        self._host = urlsplit(remote.url).netloc
        self._hash = hashlib.sha256()
        self._done = 0

    def run(self) -> Iterator[Fetched]:
        yield from self._count_what_is_there()
        pauses = iter(PAUSES_S)
        before = self._done
        while not self._is_whole():
            try:
                yield from self._receive()
                if self._remote.size_bytes == 0:
                    break
                if self._done < self._remote.size_bytes:
                    raise PassingError("broke off")
            except AnswerError as error:
                if error.status != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not self._done:
                    raise
                self._begin_anew()
            except (PassingError, OSError, http.client.HTTPException) as error:
                if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                    raise
                passing = error if isinstance(error, PassingError) else PassingError("broke off")
                if self._done > before:
                    before, pauses = self._done, iter(PAUSES_S)
                wait_s = next(pauses, None)
                if wait_s is None or passing.wait_s > LONGEST_PAUSE_S:
                    raise DownloadError(
                        f"{self._host} {passing.reason}",
                        hint="the same command goes on where this one stopped",
                    ) from error
                yield from self._wait(max(wait_s, passing.wait_s), f"{self._host} {passing.reason}")
        if self._remote.sha256 and self._hash.hexdigest() != self._remote.sha256:
            self._part.unlink()
            raise DownloadError(
                f"{self._name} arrived damaged: its sha256 is not the one that {self._host} names",
                hint="it was deleted; the same command fetches it again",
            )

    def _is_whole(self) -> bool:
        return 0 < self._remote.size_bytes == self._done

    def _count_what_is_there(self) -> Iterator[Fetched]:
        with self._part.open("rb") as stream:
            while piece := stream.read(_PIECE_BYTES):
                self._take(piece)
                yield Fetched(self._done, waiting_for="looking through what is there")
        if self._remote.size_bytes and self._done > self._remote.size_bytes:
            self._begin_anew()

    def _receive(self) -> Iterator[Fetched]:
        with self._web.open(self._remote.url, start=self._done) as response:
            if not self._done or not self._goes_on(response):
                # the file's own first bytes, before anything is written or what is there is given up.
                begin = response.read(len(MAGIC))
                _check_begin(response, begin, self._host)
                self._begin_anew()
                self._write(begin)
            while piece := response.read1(_PIECE_BYTES):
                room = self._remote.size_bytes - self._done if self._remote.size_bytes else len(piece)
                self._write(piece[:room])
                yield Fetched(self._done)
                if self._is_whole():
                    return

    def _goes_on(self, response: http.client.HTTPResponse) -> bool:
        """Tell whether a server sends the rest that was asked for, and not the whole."""
        if response.status != 206:
            return False
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != self._done:
            raise PassingError("sends another part than was asked for")
        return found[2] == "*" or self._remote.size_bytes in {0, int(found[2])}

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._take(data)

    def _take(self, data: bytes) -> None:
        self._hash.update(data)
        self._done += len(data)

    def _begin_anew(self) -> None:
        os.ftruncate(self._descriptor, 0)
        self._hash = hashlib.sha256()
        self._done = 0

    def _wait(self, wait_s: float, why: str) -> Iterator[Fetched]:
        # in short pieces: whoever reads us may have gone.
        while wait_s > 0:
            yield Fetched(self._done, waiting_for=why)
            self._web.pause(min(wait_s, 1.0))
            wait_s -= 1.0


_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG})


@contextlib.contextmanager
def _disk_trouble(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        reason = "the disk is full" if is_full else (error.strerror or str(error)).lower()
        raise DownloadError(
            f"cannot write {target}: {reason}", hint="the same command goes on where this one stopped"
        ) from error


def _check_begin(response: http.client.HTTPResponse, begin: bytes, host: str) -> None:
    """Refuse what is no model: the page of a login, a pointer to the file.

    Raises:
        PassingError: If too little came to tell.
        DownloadError: If it is so.
    """
    if begin == MAGIC:
        return
    if len(begin) < len(MAGIC) and MAGIC.startswith(begin):
        raise PassingError("broke off")
    kind = response.headers.get_content_type()
    is_page = kind == "text/html" or begin.lstrip().startswith(b"<")
    what = "a web page" if is_page else "something"
    raise DownloadError(
        f"{host} sends {what} that is no GGUF file",
        hint="a network that wants a login first may answer in its place" if is_page else "",
    )


def _check_head(part: Path, target: Path) -> None:
    """Look whether a file of which nobody told size and sha256 is whole by its own account."""
    try:
        read_head(part)
    except ModelFileError as error:
        part.unlink()
        message = error.message.replace(part.name, target.name)
        raise DownloadError(f"what arrived cannot be used: {message}", hint="it was deleted") from error


def _part(remote: Remote, target: Path) -> Path:
    return target.with_name(f"{target.name}.{remote.tag}.part")


def _forget_other_versions(remote: Remote, target: Path) -> None:
    """Delete what was fetched of versions that nobody will ask for again."""
    name = re.compile(rf"{re.escape(target.name)}\.[0-9a-f]{{12}}\.part")
    ours = _part(remote, target)
    for other in target.parent.iterdir():
        if other != ours and name.fullmatch(other.name):
            with contextlib.suppress(OSError):
                other.unlink()
