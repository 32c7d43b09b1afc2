"""Everything that is known of the models on this machine, in one list.

What a card cannot tell, whether llama.cpp loads a file, is asked once per file
and kept. That takes half a second each, so a list asks for a bounded time and
leaves the rest for the next one.
"""

import contextlib
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assistant.engine.fit.costs import measure
from assistant.engine.fit.plan import Plan, Wishes, plan
from assistant.engine.models.cards import Card, read_card
from assistant.engine.models.files import ModelFile
from assistant.engine.models.kept import Bench, Kept, Verdict
from assistant.engine.models.probing import PROBE_LIMIT_S, Probe, llama_version, probe_models
from assistant.engine.types import Device
from assistant.errors import EngineUnavailableError

LIST_PROBES_S = 20.0
"""How long a list may ask llama.cpp about files it has not seen."""

_LOADED_KINDS = {"chat", "embedding", "reranker"}
"""What llama.cpp loads by itself; the rest belongs to another model or to no language at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model, and what was found out about it."""

    card: Card
    verdict: Verdict | None = None
    """`None` if llama.cpp was not asked yet."""

    plan: Plan | None = None
    """Where it would stand now; `None` if that cannot be said."""

    bench: Bench | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.card.file.name

    @property
    def loads(self) -> bool | None:
        """Whether it can be loaded; `None` if nobody knows yet."""
        if self.card.trouble:
            return False
        return self.verdict.loads if self.verdict else None

    @property
    def trouble(self) -> str:
        """Why it cannot be loaded; empty if it can, or nobody knows yet."""
        if self.card.trouble or self.verdict is None or self.verdict.loads:
            return self.card.trouble
        if self.card.file.program == "Ollama":
            return f"llama.cpp says: {self.verdict.reason}; Ollama may have made it for its own engine"
        return f"llama.cpp says: {self.verdict.reason}"

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        card, file = self.card, self.card.file
        return {
            "name": file.name,
            "aliases": list(file.aliases),
            "kind": card.kind,
            "program": file.program,
            "repository": file.repository,
            "path": str(file.path),
            "files": [str(part) for part in file.parts],
            "projector": str(file.projector) if file.projector else None,
            "size_bytes": file.size_bytes,
            "family": card.family,
            "architecture": card.architecture,
            "title": card.title,
            "parameters": card.parameters,
            "active_parameters": card.active_parameters,
            "size_label": card.size_label,
            "quantisation": card.quantisation,
            "context_tokens": card.context_tokens,
            "licence": asdict(card.licence),
            "has_template": card.has_template,
            "fits": self.plan.where if self.plan else None,
            "plan": asdict(self.plan) if self.plan else None,
            "loads": self.loads,
            "reason": self.trouble,
            "bench": asdict(self.bench) if self.bench else None,
        }


class Library:
    """Looks models up and remembers what was found out.

    Args:
        kept_file: `models.json` in kb's home.
        work_dir: An empty directory in which children run.
        wishes: What the settings ask for, for the question what fits.
    """

    def __init__(self, *, kept_file: Path, work_dir: Path, wishes: Wishes) -> None:
        self._kept = Kept(kept_file)
        self._work_dir = work_dir
        self._wishes = wishes
        self._version = llama_version()
        self.trouble: EngineUnavailableError | None = None
        """Why llama.cpp cannot be asked at all, once that was found out."""

    def entries(
        self,
        files: Sequence[ModelFile],
        *,
        limit_s: float = LIST_PROBES_S,
        on_progress: Callable[[str], None] = lambda _: None,
        free_again_bytes: int = 0,
    ) -> list[Entry]:
        """Describe models, in their order.

        Args:
            files: The models.
            limit_s: How long llama.cpp may be asked about files without a verdict; 0 for not at all.
            on_progress: Is told what goes on.
            free_again_bytes: Memory of the GPU that an engine of ours holds and would give back.
        """
        with Probe(["--devices"], work_dir=self._work_dir) as devices:
            entries = []
            for place, file in enumerate(files, start=1):
                on_progress(f"reading {place} of {len(files)} models…")
                entries.append(self._entry(read_card(file)))
            entries = self._tried(entries, limit_s=limit_s, on_progress=on_progress)
            found = self._devices(devices, free_again_bytes)
            return [self._with_plan(entry, found) for entry in entries]

    def unfolding(
        self, files: Sequence[ModelFile], *, limit_s: float = LIST_PROBES_S, free_again_bytes: int = 0
    ) -> Generator[tuple[Entry, ...], None, None]:
        """Describe models as `entries` does, but yield what is known so far whenever more of it is.

        First comes what their heads say, then where they fit, then each that llama.cpp was asked about.
        Closing the generator ends all children.
        """
        with Probe(["--devices"], work_dir=self._work_dir) as devices:
            entries = [self._entry(read_card(file)) for file in files]
            yield tuple(entries)
            found = self._devices(devices, free_again_bytes)
        entries = [self._with_plan(entry, found) for entry in entries]
        yield tuple(entries)
        places = {
            entry.card.file.path: place for place, entry in enumerate(entries) if _is_to_be_tried(entry)
        }
        probing = probe_models(list(places), work_dir=self._work_dir, limit_s=limit_s, at_once=_at_once())
        with contextlib.closing(probing):
            try:
                for file, verdict in probing:
                    if verdict:
                        self._kept.keep_verdict(file, verdict)
                        tried = replace(entries[places[file]], verdict=verdict)
                        entries[places[file]] = self._with_plan(tried, found)
                        yield tuple(entries)
            except EngineUnavailableError as error:
                self.trouble = error

    def entry(self, file: ModelFile, *, free_again_bytes: int = 0) -> Entry:
        """Describe one model; llama.cpp is asked again if it did not load last time."""
        with Probe(["--devices"], work_dir=self._work_dir) as devices:
            entry = self._entry(read_card(file))
            if entry.verdict and not entry.verdict.loads:
                entry = replace(entry, verdict=None)
            entries = self._tried([entry], limit_s=LIST_PROBES_S, on_progress=lambda _: None)
            return self._with_plan(entries[0], self._devices(devices, free_again_bytes))

    def _entry(self, card: Card) -> Entry:
        verdict = self._kept.verdict(card.file.path)
        if verdict and verdict.llama_cpp != self._version:
            verdict = None
        return Entry(card=card, verdict=verdict, bench=self._kept.bench(card.file.path))

    def _tried(
        self, entries: Sequence[Entry], *, limit_s: float, on_progress: Callable[[str], None]
    ) -> list[Entry]:
        """Ask llama.cpp about what it was not asked about yet, until the time is up."""
        names = {entry.card.file.path: entry.name for entry in entries if _is_to_be_tried(entry)}
        verdicts: dict[Path, Verdict] = {}
        if names:
            on_progress(f"new models: 0 of {len(names)} tried…")
        probing = probe_models(list(names), work_dir=self._work_dir, limit_s=limit_s, at_once=_at_once())
        with contextlib.closing(probing):
            try:
                for file, verdict in probing:
                    if verdict:
                        verdicts[file] = verdict
                        self._kept.keep_verdict(file, verdict)
                    on_progress(f"new models: {len(verdicts)} of {len(names)} tried, {names[file]} last…")
            except EngineUnavailableError as error:
                self.trouble = error
        return [
            replace(entry, verdict=verdicts.get(entry.card.file.path, entry.verdict)) for entry in entries
        ]

    def _devices(self, probe: Probe, free_again_bytes: int) -> tuple[Device, ...]:
        """Return what models can be loaded into; nothing where that cannot be found out."""
        probe.wait(PROBE_LIMIT_S)
        try:
            return with_memory_back(probe.devices(), free_again_bytes)
        except EngineUnavailableError as error:
            self.trouble = error
            return ()

    def _with_plan(self, entry: Entry, devices: Sequence[Device]) -> Entry:
        """Say where a model would stand, if llama.cpp has understood it: other metadata may say anything."""
        if not entry.loads or not devices:
            return entry
        return replace(entry, plan=plan(measure(entry.card.heads), devices, self._wishes))


def with_memory_back(devices: Sequence[Device], free_again_bytes: int) -> tuple[Device, ...]:
    """Count memory of the first GPU as free that an engine of ours would give back."""
    found = list(devices)
    for place, device in enumerate(found):
        if device.kind == "gpu":
            free = min(device.total_bytes, device.free_bytes + free_again_bytes)
            found[place] = replace(device, free_bytes=free)
            break
    return tuple(found)


def _at_once() -> int:
    """Say how many children may ask at a time: each needs a processor core and little memory."""
    return max(1, min(4, (os.cpu_count() or 1) // 2))


def _is_to_be_tried(entry: Entry) -> bool:
    return entry.card.kind in _LOADED_KINDS and not entry.card.trouble and entry.verdict is None
