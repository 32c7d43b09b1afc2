"""What was found out about model files and takes time to find out again.

One JSON file in kb's home. An entry holds for exactly one version of a file:
other bytes under the same path have another size or another time.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from assistant.engine.models.files import model_of_file

_FORMAT = 1
_MOST_ENTRIES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether llama.cpp can load a file."""

    loads: bool
    reason: str = ""
    """Why it cannot, in one sentence without a full stop; empty if it can."""

    llama_cpp: str = ""
    """Version of llama-cpp-python that says so; another one may think otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """How fast a model was on this machine."""

    load_s: float
    prompt_tokens_per_s: float
    generation_tokens_per_s: float
    first_token_s: float
    """From the question to the first token of the answer, the model loaded."""

    gpu_bytes: int
    """What it took of the GPU's memory; 0 on the CPU."""

    device: str
    when: str
    """ISO 8601, in UTC."""

    next_first_token_s: float = 0.0
    """The same for a second question about the passages of the first."""

    ram_bytes: int = 0
    """What the engine's process took of the computer's own memory, the mapped file included."""


KeptT = TypeVar("KeptT", Verdict, Bench)


class Kept:
    """The file that remembers; a damaged one is begun anew, one that cannot be written is done without.

    Args:
        file: `models.json` in kb's home; need not exist.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._entries = self._read()

    def verdict(self, model: Path) -> Verdict | None:
        """Return what the probe said of a model; `None` if it was not tried as it is now."""
        return _read_as(Verdict, self._entry(model).get("verdict"))

    def bench(self, model: Path) -> Bench | None:
        """Return how fast a model was; `None` if it was not measured as it is now."""
        return _read_as(Bench, self._entry(model).get("bench"))

    def keep_verdict(self, model: Path, verdict: Verdict) -> None:
        """Remember what the probe said."""
        self._keep(model, "verdict", asdict(verdict))

    def keep_bench(self, model: Path, bench: Bench) -> None:
        """Remember how fast a model is."""
        self._keep(model, "bench", asdict(bench))

    def _entry(self, model: Path) -> Mapping[str, Any]:
        entry = self._entries.get(str(model))
        if not isinstance(entry, Mapping) or entry.get("version") != _version(model):
            return {}
        return entry

    def _keep(self, model: Path, key: str, value: Mapping[str, Any]) -> None:
        # what another process has written meanwhile stays.
        self._entries = self._read()
        entry = {**self._entry(model), "version": _version(model), key: dict(value)}
        self._entries.pop(str(model), None)
        self._entries[str(model)] = entry
        while len(self._entries) > _MOST_ENTRIES:
            self._entries.pop(next(iter(self._entries)))
        self._write()

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._file.read_bytes())
            models = kept["models"] if kept["format"] == _FORMAT else {}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}
        return models if isinstance(models, dict) else {}

    def _write(self) -> None:
        draft = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        # not to remember costs time later, and nothing else.
        with contextlib.suppress(OSError):
            try:
                text = json.dumps({"format": _FORMAT, "models": self._entries}, indent=1)
                draft.write_text(text, encoding="utf-8")
                draft.replace(self._file)
            finally:
                draft.unlink(missing_ok=True)


def _version(model: Path) -> list[list[int]]:
    """Name the bytes of all parts of a model, by size and time."""
    try:
        stats = [part.stat() for part in model_of_file(model).parts]
    except (OSError, ValueError):
        return []
    return [[stat.st_size, stat.st_mtime_ns] for stat in stats]


def _read_as(kind: type[KeptT], value: Any) -> KeptT | None:
    """Read what was kept; `None` where a release that keeps other things wrote it, or somebody by hand."""
    if not isinstance(value, dict):
        return None
    known: dict[str, Any] = {}
    for each in fields(kind):
        if each.name not in value:
            continue
        kept = value[each.name]
        kept = float(kept) if each.type is float and type(kept) is int else kept
        if type(kept) is not each.type:
            return None
        known[each.name] = kept
    try:
        return kind(**known)
    except TypeError:
        return None
