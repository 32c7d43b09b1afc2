"""What the app knows of daemon and engine at a moment; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.terminal import plain_line
from assistant.times import as_of, counted
from indexer.errors import KbError


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """How the daemon is."""

    said: Mapping[str, Any] = field(default_factory=dict)
    """What it said of itself last (`IndexerClient.status`); empty before it ever did."""

    error: str = ""
    """Why it does not answer, in a sentence; empty while it does."""

    @property
    def is_known(self) -> bool:
        """Whether it ever answered."""
        return bool(self.said)

    @property
    def has_roots(self) -> bool:
        """Whether any folder is indexed."""
        return bool(self.said.get("roots"))

    @property
    def files(self) -> int:
        """How many files can be found."""
        counts = self.said.get("files", {})
        return int(counts.get("indexed", 0)) + int(counts.get("partial", 0))

    def line(self, *, now: float) -> str:
        """Say it in one line.

        Args:
            now: Seconds since the epoch.
        """
        if hindrance := self._hindrance():
            return hindrance
        progress = self.said["progress"]
        if not progress["is_idle"]:
            return f"⟳ indexing {progress['files_done']:,} of {counted(progress['files_total'], 'file')}"
        return f"✓ {counted(self.files, 'file')}, {self._current(now)}"

    def _hindrance(self) -> str:
        """Say what keeps the index from being current; empty if nothing does."""
        if self.error:
            return f"✗ {plain_line(self.error)}"
        if not self.is_known:
            return "… looking for the indexer"
        if fault := self.said.get("fault"):
            return f"✗ {plain_line(fault['message'])}"
        if not self.has_roots:
            return "○ no folder is indexed yet"
        why = self.said.get("paused_why")
        return f"‖ indexing is paused: {plain_line(why)}" if why else ""

    def _current(self, now: float) -> str:
        return current(self.said.get("as_of") or 0.0, self.said.get("pending", 0), now=now)


def with_hint(error: KbError) -> str:
    """Say what went wrong and, on a line of its own, what to do about it."""
    return f"{error.message}\n{error.hint}" if error.hint else error.message


def current(moment: float, pending: int, *, now: float) -> str:
    """Say of which moment an index is.

    Args:
        moment: Seconds since the epoch; 0 if it never agreed with the disk.
        pending: Files seen and not yet indexed.
        now: Seconds since the epoch.
    """
    return f"current as of {as_of(moment, pending, now=now)}" if moment else "not current yet"


EngineKind = Literal["none", "asleep", "loading", "ready", "failed", "server"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """How the engine is."""

    kind: EngineKind
    """`none` without a model, `asleep` while none is loaded, `server` where somebody else's answers."""

    model: str = ""
    share: float = 0.0
    """How much of the model is loaded, 0 to 1."""

    is_remote: bool = False
    """Whether what is asked may leave this machine."""

    said: Mapping[str, Any] = field(default_factory=dict)
    """What the engine says of itself (`EngineClient.status`)."""

    error: str = ""

    def line(self) -> str:
        """Say it in one line."""
        model = plain_line(self.model)
        match self.kind:
            case "none":
                return "no model: answers in your files' own words"
            case "asleep":
                return f"{model} · not loaded"
            case "loading":
                return f"{model} · loading {self.share:.0%}"
            case "failed":
                return f"✗ {model}: {plain_line(self.error)}"
            case "server":
                return f"{model}{' · REMOTE MODEL' if self.is_remote else ''}"
            case "ready":
                # deferred: only a model stands anywhere.
                from assistant.engine.fit import describe_placement

                placement = describe_placement(self.said)
                return f"{model} · {plain_line(placement)}" if placement else model
