"""Models of a machine that is not there."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from assistant.engine.fit import Plan, Where
from assistant.engine.models import Bench, ModelFile, Verdict
from assistant.engine.models.cards import Card
from assistant.engine.models.library import Entry, Library
from assistant.engine.models.licences import Licence
from assistant.models.surroundings import Surroundings

FOLDER = Path("/home/ada/models")


class SizedFile(ModelFile):
    """A file that need not be there to have a size."""

    @property
    def size_bytes(self) -> int:
        """Say what a file of this name takes."""
        return {"qwen3-8b": 5_030_000_000, "llama-3.3-70b": 42_520_000_000, "gemma-3-4b": 2_490_000_000}[
            self.name
        ]


def _entry(
    name: str,
    *,
    family: str,
    label: str,
    context_tokens: int,
    licence: Licence,
    plan: Plan,
    bench: Bench | None = None,
) -> Entry:
    path = FOLDER / f"{name}-q4_k_m.gguf"
    card = Card(
        file=SizedFile(path=path, name=name, program="kb", parts=(path,)),
        kind="chat",
        family=family,
        architecture=family.partition(" ")[0].lower(),
        parameters=8_000_000_000,
        active_parameters=8_000_000_000,
        size_label=label,
        quantisation="Q4_K_M",
        context_tokens=context_tokens,
        licence=licence,
        has_template=True,
    )
    return Entry(card=card, verdict=Verdict(loads=True, llama_cpp="0.3.36"), plan=plan, bench=bench)


def _plan(gpu_layers: int, layers: int, *, where: Where, context_tokens: int = 32_768) -> Plan:
    return Plan(
        where=where,
        gpu_layers=gpu_layers,
        layers=layers,
        experts_on_cpu=(),
        context_tokens=context_tokens,
        kv_type="f16",
        batch_tokens=512,
        gpu_bytes=gpu_layers * 200_000_000,
        cpu_bytes=(layers - gpu_layers) * 200_000_000,
    )


ENTRIES = (
    _entry(
        "qwen3-8b",
        family="Qwen 3",
        label="8.2B",
        context_tokens=40_960,
        licence=Licence("Apache 2.0", "free"),
        plan=_plan(37, 37, where="GPU"),
        bench=Bench(
            load_s=2.1,
            prompt_tokens_per_s=2_400.0,
            generation_tokens_per_s=61.0,
            first_token_s=0.4,
            gpu_bytes=7_400_000_000,
            device="RTX 4070",
            when="2026-11-01T10:00:00+00:00",
        ),
    ),
    _entry(
        "gemma-3-4b",
        family="Gemma 3",
        label="3.9B",
        context_tokens=131_072,
        licence=Licence("Gemma", "conditions"),
        plan=_plan(35, 35, where="GPU"),
    ),
    _entry(
        "llama-3.3-70b",
        family="Llama 3",
        label="70.6B",
        context_tokens=131_072,
        licence=Licence("Llama 3.3 Community", "conditions"),
        plan=_plan(14, 81, where="partly"),
    ),
)


class FrozenSurroundings:
    """What the app asks of `Surroundings`."""

    shelves = ()

    def __init__(self, models_dir: Path) -> None:
        self.places = _Places(models_dir)

    def files(self) -> list[ModelFile]:
        """List the models."""
        return [entry.card.file for entry in ENTRIES]

    def configured(self) -> ModelFile:
        """Return the one that answers."""
        return ENTRIES[0].card.file

    def library(self) -> Library:
        """Return what is known of them."""
        return cast("Library", _Library())

    def held_gpu_bytes(self) -> int:
        """Hold nothing."""
        return 0


class _Places:
    def __init__(self, models_dir: Path) -> None:
        self.models_dir = models_dir


class _Library:
    trouble = None

    def unfolding(self, *_: object, **__: object) -> Iterator[Sequence[Entry]]:
        yield ENTRIES


def frozen_surroundings() -> Surroundings:
    """Return them as the app takes them."""
    return cast("Surroundings", FrozenSurroundings(FOLDER))
