"""Why a file is found, or is not: everything that is known of one path, indexed or not.

Where the ledger has no row the disk and the rules are asked, so that there is
an answer for every path. Links are named with what they lead to, and then it
is that which is explained.
"""

import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from indexer.index import Index
from indexer.pipeline import Pipeline
from indexer.reconcile import covering, priority
from indexer.types import FileEntry, FileStatus
from indexer.walk import reason_of, state_of

OWN = "own"
"""In kb's own folder."""

OUTSIDE = "outside"
"""Under no indexed folder."""

AWAY = "away"
"""Not known, and its root is away."""

MISSING = "missing"
"""Not known, and not there."""

LEFT_OUT = "left_out"
"""Left out by the rule that the reason names, with its folder or by itself."""

LINK = "link"
"""A symbolic link to something under no indexed folder."""

UNSEEN = "unseen"
"""To be read, but not looked at yet."""

UNREADABLE = "unreadable"
"""The system does not let us look at it."""

ROOTS_NAMED = 3
"""Roots that a reason names; the rest is "…"."""

FOLDER = "folder"
"""A folder that is looked through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is known of one path; the keys of its JSON object are the names of the fields."""

    path: str
    """As it was asked for."""

    state: str = ""
    """A status of the ledger, or one of the words above."""

    reason: str = ""
    hint: str = ""
    """What a person can do about it; empty where nothing needs doing."""

    root: str | None = None
    """The indexed folder it belongs to."""

    is_root_away: bool = False
    leads_to: str | None = None
    """Where a symbolic link ends; what follows is said of that."""

    chunks: int = 0
    """Chunks that can be found, of a folder those of all its files."""

    pages_without_text: list[int] = field(default_factory=list)
    since: float | None = None
    """Seconds since the epoch at which it came to this state for this reason."""

    indexed_at: float | None = None
    attempts: int = 0
    retry_at: float | None = None
    """Seconds since the epoch at which a file that failed is tried again, or all work that stopped."""

    has_changed: bool = False
    """Whether the disk says something else than what is indexed."""

    queue_place: int | None = None
    """1 for the file that is read next; `None` for one that does not wait."""

    queue_length: int = 0
    waits_for: str = ""
    """Why nothing is read at the moment, although this file is to be."""

    files: Mapping[str, int] | None = None
    """Files of a folder by status."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API and for `--json`."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "is_findable": self.chunks > 0}


class Explainer:
    """Answers why, from one index and its pipeline.

    Args:
        index: What is known.
        pipeline: What waits, what is away, and which rules hold.
        clock: Seconds since the epoch.
    """

    def __init__(self, index: Index, pipeline: Pipeline, *, clock: Callable[[], float] = time.time) -> None:
        self._index = index
        self._pipeline = pipeline
        self._clock = clock

    def explain(self, asked: Path) -> Explanation:
        """Say what is known of an absolute path, and why it is so."""
        path = _without_links_above(asked)
        said = Explanation(path=str(asked))
        try:
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                path = path.resolve(strict=True)
                said = replace(said, leads_to=str(path))
                mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            if path.is_symlink():
                return replace(said, state=LINK, reason="a symbolic link that leads nowhere")
            mode = None
        except (OSError, RuntimeError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else "a loop of links"
            return replace(said, state=UNREADABLE, reason=f"it cannot be looked at: {reason}")
        return self._at(path, mode, said)

    def _at(self, path: Path, mode: int | None, said: Explanation) -> Explanation:
        """Explain a path that is no link; `mode` is `None` where nothing stands."""
        home, roots = self._pipeline.home, self._index.roots()
        if path == home or home in path.parents:
            return replace(
                said, state=OWN, reason=f"kb keeps its own files in {home}, and never indexes them"
            )
        root = covering(path, roots)
        if root is None:
            return self._outside(path, mode, said, roots)
        said = replace(said, root=str(root))
        if root in self._pipeline.away or not root.is_dir():
            return self._under_away(path, root, replace(said, is_root_away=True))
        if mode is not None and stat.S_ISDIR(mode):
            rule = self._pipeline.rules.explain(root, path)
            return self._counted(path, replace(said, state=LEFT_OUT if rule else FOLDER, reason=rule))
        return self._file(path, root, said)

    def _outside(self, path: Path, mode: int | None, said: Explanation, roots: Sequence[Path]) -> Explanation:
        if mode is None:
            return replace(said, state=MISSING, reason="it does not exist")
        inside = [str(root) for root in roots if path in root.parents]
        if inside:
            names = ", ".join(inside[:ROOTS_NAMED]) + (", …" if len(inside) > ROOTS_NAMED else "")
            reason = f"it is not indexed as a whole; indexed in it: {names}"
            return self._counted(path, replace(said, state=OUTSIDE, reason=reason))
        is_folder = stat.S_ISDIR(mode)
        hint = f"`kb add {path if is_folder else path.parent}` indexes {'it' if is_folder else 'its folder'}"
        if said.leads_to:
            reason = "a symbolic link, which is not followed out of the indexed folders"
            return replace(said, state=LINK, reason=reason, hint=hint)
        return replace(said, state=OUTSIDE, reason="it is under no indexed folder", hint=hint)

    def _under_away(self, path: Path, root: Path, said: Explanation) -> Explanation:
        away = f"{root} is away: it is gone, or was emptied at once; nothing of it is forgotten"
        hint = f"`kb index --prune` forgets its files, `kb remove {root}` the folder too"
        said = replace(said, state=AWAY, reason=away, hint=hint)
        if (entry := self._index.file(path)) is not None:
            return self._known(entry, replace(said, reason=entry.reason or away))
        return self._counted(path, said) if self._index.chunk_count(under=[path]) else said

    def _file(self, path: Path, root: Path, said: Explanation) -> Explanation:
        """Explain a file of a root that is there, or something else that is no folder."""
        said = self._waiting(path, said)
        entry = self._index.file(path)
        try:
            state = state_of(path.lstat())
        except OSError:
            state = None
        if entry is not None:
            said = replace(said, has_changed=entry.state != state)
            if state is None:
                said = replace(said, hint="it is gone from the disk, and forgotten as soon as kb looks there")
            elif said.has_changed and said.queue_place is None:
                said = replace(said, hint="it changed since, and is read as soon as kb looks there")
            return self._known(entry, said)
        if said.queue_place is not None:
            return replace(said, state=FileStatus.PENDING.value, reason="it waits to be read")
        rule = self._pipeline.rules.explain(root, path)
        if state is None:
            also = f", and would be left out: {rule}" if rule else ""
            return replace(said, state=MISSING, reason=f"it does not exist{also}")
        if rule:
            return replace(said, state=LEFT_OUT, reason=rule)
        said = replace(said, state=UNSEEN, reason="kb has not looked at it yet")
        if (fault := self._pipeline.fault) is not None:
            return replace(said, waits_for=fault.message, retry_at=self._pipeline.troubles.retry_at)
        return replace(said, hint="`kb index` looks through all folders now")

    def _known(self, entry: FileEntry, said: Explanation) -> Explanation:
        """Add what the ledger says of a file."""
        is_empty = entry.status is FileStatus.INDEXED and not entry.chunks
        return replace(
            said,
            state=entry.status.value,
            reason=said.reason or entry.reason or ("it holds no text" if is_empty else ""),
            chunks=entry.chunks,
            pages_without_text=self._index.pages_without_text(entry.path),
            since=entry.since,
            indexed_at=entry.indexed_at,
            attempts=entry.attempts,
            retry_at=entry.retry_at,
        )

    def _counted(self, path: Path, said: Explanation) -> Explanation:
        """Add the files of a folder."""
        counts = {status.value: count for status, count in self._index.counts(under=path).items()}
        waiting = sum(path in each.path.parents for each in self._pipeline.pending())
        return replace(
            said,
            chunks=self._index.chunk_count(under=[path]),
            files={**counts, FileStatus.PENDING.value: waiting},
        )

    def _waiting(self, path: Path, said: Explanation) -> Explanation:
        """Add where a file stands in the queue, if it does."""
        pending = self._pipeline.pending()
        own = next((each for each in pending if each.path == path), None)
        if own is None:
            return said
        standstill = self._pipeline.standstill()
        now = self._clock()
        rank = priority(own.state, now_s=now)
        before = sum(priority(each.state, now_s=now) < rank for each in pending)
        return replace(
            said,
            queue_place=before + 1,
            queue_length=len(pending),
            waits_for="" if standstill is None else standstill.message,
        )


def _without_links_above(path: Path) -> Path:
    """Return a path whose folders are real, as the ledger knows it; its last part stays as it is."""
    try:
        return path.parent.resolve() / path.name
    except (OSError, RuntimeError):
        return path
