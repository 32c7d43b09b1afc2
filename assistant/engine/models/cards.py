"""What one model is: told from the heads of its files, which takes some milliseconds each."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

from assistant.engine.families import find_family
from assistant.engine.gguf import GgufHead, read_head
from assistant.engine.models.files import ModelFile
from assistant.engine.models.kinds import Kind, kind_of
from assistant.engine.models.licences import UNKNOWN, Licence, licence_of, licence_of_text
from assistant.engine.models.quantisation import quantisation_name
from assistant.errors import ModelFileError

UNKNOWN_FAMILY = "unknown"
"""What the last entry of the table of families is called."""

_EXPERTS = re.compile(r"_(?:ch)?exps\b")
_LABEL = re.compile(r"(\d+x)?(\d+(?:\.\d+)?)([KMBT])(?:-A(\d+(?:\.\d+)?)([KMB]))?")
"""A size as makers write it: "8B", "30B-A3B", "8x7B"."""

_UNITS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_LICENCE_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is known of a model without llama.cpp."""

    file: ModelFile
    kind: Kind | Literal["unknown"]
    """`unknown` where no head can be read."""

    heads: tuple[GgufHead, ...] = ()
    """Of all its files, the first part first; none where it cannot be read."""

    family: str = ""
    """As people call it: "Qwen 3"; empty if it is none that is known."""

    architecture: str = ""
    title: str = ""
    """The name that its makers gave it; may be empty."""

    parameters: int = 0
    active_parameters: int = 0
    """What one token is computed with; less than all where experts are chosen."""

    size_label: str = ""
    """Both in short: "8.2B", "30B-A3B"."""

    quantisation: str = ""
    context_tokens: int = 0
    """What it was trained on; 0 if it does not say."""

    licence: Licence = UNKNOWN
    has_template: bool = False
    trouble: str = ""
    """Why it cannot be loaded, as far as can be told without llama.cpp; empty if nothing is known."""


def read_card(file: ModelFile) -> Card:
    """Describe a model; what is wrong with its files is said in the card."""
    if file.trouble:
        return Card(file=file, kind="unknown", trouble=file.trouble)
    try:
        heads = tuple(read_head(part) for part in file.parts)
    except (ModelFileError, OSError) as error:
        words = error.message if isinstance(error, ModelFileError) else f"cannot read it: {error.strerror}"
        if file.program == "Ollama":
            # the name of a blob says nothing to anybody.
            words = words.replace(str(file.path), "its blob").replace(file.path.name, "its blob")
        return Card(file=file, kind="unknown", trouble=words)
    return card_of(file, heads)


def card_of(file: ModelFile, heads: Sequence[GgufHead]) -> Card:
    """Describe a model whose heads are read, the one of its first part first."""
    first = heads[0]
    metadata = first.metadata
    parameters, active = count_parameters(heads)
    return Card(
        file=file,
        kind=kind_of(first),
        heads=tuple(heads),
        family=_family(first),
        architecture=first.architecture,
        title=_text(metadata.get("general.name")),
        parameters=parameters,
        active_parameters=active,
        size_label=size_label(metadata.get("general.size_label"), parameters, active),
        quantisation=quantisation_name(
            first.file_type, (tensor for head in heads for tensor in head.tensors)
        ),
        context_tokens=number_of(first.of_architecture("context_length")),
        licence=_licence(metadata, file.licence),
        has_template=bool(first.template.strip()),
    )


def count_parameters(heads: Iterable[GgufHead]) -> tuple[int, int]:
    """Count the numbers in all tensors, and those that one token is computed with."""
    total = experts = 0
    used, there = 0, 0
    for head in heads:
        used = used or number_of(head.of_architecture("expert_used_count"))
        there = there or number_of(head.of_architecture("expert_count"))
        for tensor in head.tensors:
            count = prod(tensor.shape)
            total += count
            if _EXPERTS.search(tensor.name):
                experts += count
    idle = experts - experts * used // there if 0 < used < there else 0
    return total, total - idle


def size_label(label: object, parameters: int, active: int) -> str:
    """Write how large a model is: in its makers' words, unless these do not fit its tensors."""
    if isinstance(label, str) and (match := _LABEL.fullmatch(label.strip())):
        times = int(match[1][:-1]) if match[1] else 1
        claimed = times * float(match[2]) * _UNITS[match[3]]
        # a mixture of 8 times 7 billion shares some of them; the label of a base model may be inherited.
        if parameters and 0.7 <= claimed / parameters <= 1.5:
            return label.strip()
    if not parameters:
        return ""
    return _amount(parameters) + (f"-A{_amount(active)}" if active < parameters else "")


def _amount(count: int) -> str:
    for unit, size in reversed(_UNITS.items()):
        if count >= size:
            value = count / size
            return f"{value:.1f}{unit}" if value < 9.95 else f"{value:.0f}{unit}"
    return str(count)


def _family(head: GgufHead) -> str:
    name = find_family(architecture=head.architecture, name=_text(head.name), template=head.template).name
    return "" if name == UNKNOWN_FAMILY else name


def _licence(metadata: Any, text_file: Path | None) -> Licence:
    licence = licence_of(
        metadata.get("general.license"),
        metadata.get("general.license.name"),
        metadata.get("general.license.link"),
    )
    if licence.name or text_file is None:
        return licence
    try:
        with text_file.open("rb") as file:
            return licence_of_text(file.read(_LICENCE_BYTES).decode("utf-8", "replace"))
    except OSError:
        return licence


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def number_of(value: object) -> int:
    """Read a number of the metadata; of one per layer the largest, and 0 for anything else."""
    if isinstance(value, list):
        return max((each for each in value if isinstance(each, int)), default=0)
    return max(0, value) if isinstance(value, int) else 0
