"""What is known of a model in words and numbers that fit a table; pure."""

from typing import TYPE_CHECKING

from assistant.engine.models.kinds import USES

if TYPE_CHECKING:
    from assistant.engine.models.library import Entry

_WHERE = {"GPU": "GPU", "partly": "GPU+CPU", "CPU": "CPU", "too large": "too large"}
_KINDS = {
    "chat": "chat model",
    "embedding": "embedding model",
    "reranker": "reranker",
    "projector": "image projector",
    "draft": "draft model",
    "other": "no language model",
    "unknown": "file that cannot be read",
}


def context(tokens: int) -> str:
    """Write a context in short: 40960 → "40k", 1048576 → "1M"; empty for 0."""
    if tokens >= 1 << 20:
        return f"{tokens / (1 << 20):.3g}M"
    if tokens >= 1024:
        return f"{tokens // 1024}k"
    return str(tokens) if tokens else ""


def size(size_bytes: int) -> str:
    """Write a size on disk: "18.6 GB", "39 MB"."""
    if size_bytes >= 99.5e6:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{size_bytes / 1e6:.0f} MB" if size_bytes >= 99.5e3 else f"{size_bytes / 1e3:.0f} kB"


def runs_on(entry: "Entry") -> str:
    """Say in a word or two where a model runs, or that it does not."""
    if entry.loads is False:
        return "broken"
    if entry.card.kind not in {"chat", "embedding", "reranker"}:
        return ""
    if entry.loads is None:
        return "not tried"
    return _WHERE[entry.plan.where] if entry.plan else "?"


def speed(entry: "Entry") -> str:
    """Write the tokens per second that were measured; empty if none were."""
    if entry.bench is None:
        return ""
    rate = entry.bench.generation_tokens_per_s
    return f"{rate:.0f}/s" if rate >= 9.95 else f"{rate:.1f}/s"


def kind(entry: "Entry") -> str:
    """Name the kind of a model."""
    return _KINDS[entry.card.kind]


def why_not(entry: "Entry") -> str:
    """Say why a model cannot answer: a clause behind its name; empty if it can."""
    if use := USES.get(entry.card.kind):
        return f"is {use}"
    return f"does not load: {entry.trouble}" if entry.loads is False else ""
