"""Everything that is known of one model, as rows of a few words each."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.engine.models.cards import number_of
from assistant.engine.models.library import Entry
from assistant.models import wording


def rows(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield what it is about and what is said of it, the weightiest first; what is not known is empty."""
    card, file = entry.card, entry.card.file
    said = metadata_of(entry)
    yield "name", file.name
    yield "also called", ", ".join(file.aliases)
    yield "title", card.title
    yield "made by", _text(said.get("general.organization") or said.get("general.author"))
    yield "kind", wording.kind(entry)
    yield "family", card.family
    yield "loads", _loads(entry)
    yield "runs on", _placement(entry)
    yield "speed", _speed(entry)
    yield "licence", _licence(entry)
    yield "parameters", _parameters(entry)
    yield "quantisation", card.quantisation
    yield "context", f"{card.context_tokens:,} tokens trained" if card.context_tokens else ""
    yield "architecture", ", ".join(filter(None, (card.architecture, *_shape(entry))))
    yield "chat template", _template(entry)
    yield "languages", _text(said.get("general.languages"))
    yield "base model", _text(said.get("general.base_model.0.name"))
    yield "source", _text(said.get("general.source.url") or said.get("general.repo_url"))
    yield "from", f"{file.program}, {file.repository}" if file.repository else file.program
    yield "image projector", f"{file.projector} (kb makes no use of it)" if file.projector else ""
    yield (
        "size",
        wording.size(file.size_bytes) + (f" in {len(file.parts)} files" if len(file.parts) > 1 else ""),
    )
    yield from (("file", str(part)) for part in file.parts or (file.path,))


def _loads(entry: Entry) -> str:
    if entry.loads is False:
        return f"no: {entry.trouble}"
    if entry.loads is None:
        is_alone = entry.card.kind in {"chat", "embedding", "reranker"}
        return "not tried" if is_alone else "not by itself"
    return f"yes, tried with llama-cpp-python {entry.verdict.llama_cpp}" if entry.verdict else "yes"


def _placement(entry: Entry) -> str:
    plan = entry.plan
    if plan is None or entry.loads is False:
        return ""
    words = wording.runs_on(entry) if entry.loads else ""
    given = f"{plan.gpu_layers}/{plan.layers} layers on the GPU" if plan.gpu_layers else ""
    room = f"{plan.context_tokens:,} tokens of context ({plan.kv_type})"
    taken = " + ".join(
        f"{wording.size(size)} of {where}"
        for size, where in ((plan.gpu_bytes, "the GPU"), (plan.cpu_bytes, "memory"))
        if size
    )
    return ", ".join(filter(None, (words, given, room, taken)))


def _speed(entry: Entry) -> str:
    bench = entry.bench
    if bench is None:
        return ""
    return (
        f"writes {bench.generation_tokens_per_s:.1f} and reads {bench.prompt_tokens_per_s:.0f} tokens/s,"
        f" first token after {bench.first_token_s:.2f} s, loads in {bench.load_s:.1f} s"
        f" ({bench.device}, {bench.when[:10]})"
    )


def _licence(entry: Entry) -> str:
    licence = entry.card.licence
    if not licence.name:
        return "the file says nothing of it" if entry.card.heads else ""
    return ", ".join(filter(None, (licence.name, licence.allows, licence.link)))


def _parameters(entry: Entry) -> str:
    card = entry.card
    if not card.parameters:
        return ""
    active = f", {card.active_parameters:,} active" if card.active_parameters < card.parameters else ""
    return f"{card.size_label} ({card.parameters:,}{active})"


def _shape(entry: Entry) -> Iterator[str]:
    """Say of what a model consists, as far as its metadata tells."""
    if not entry.card.heads:
        return
    value = entry.card.heads[0].of_architecture
    for key, words in (
        ("block_count", "layers"),
        ("embedding_length", "wide"),
        ("attention.head_count", "heads"),
        ("attention.head_count_kv", "of them for keys and values"),
        ("expert_count", "experts"),
        ("expert_used_count", "experts a token"),
        ("attention.sliding_window", "tokens of sliding window"),
    ):
        if number := number_of(value(key)):
            yield f"{number:,} {words}"


def _template(entry: Entry) -> str:
    if entry.card.kind != "chat":
        return ""
    if entry.card.has_template:
        return "its own"
    return "none; Ollama has one in a dialect of its own" if entry.card.file.template else "none"


def metadata_of(entry: Entry) -> Mapping[str, Any]:
    """Return the metadata of the first file but vocabulary and template, which are long."""
    if not entry.card.heads:
        return {}
    said = entry.card.heads[0].metadata
    return {
        # JSON has no word for what is no number.
        key: value if not isinstance(value, float) or math.isfinite(value) else str(value)
        for key, value in said.items()
        if not (key.startswith("tokenizer.") and isinstance(value, list | str) and len(value) > 64)
        and value is not None
    }


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value[:20]))
    return value if isinstance(value, str) else ""
