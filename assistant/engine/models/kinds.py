"""What a GGUF is for, told from its metadata and never from its name; pure."""

from pathlib import Path
from typing import Literal

from assistant.engine.gguf import GgufHead
from assistant.errors import ModelFileError

Kind = Literal["chat", "embedding", "reranker", "projector", "draft", "other"]
"""What a model can be used for.

`draft` guesses ahead for one certain other model and cannot answer by itself;
`other` is a vocabulary, an adapter, statistics, or what makes sound or images.
"""

_RANK = 4
"""llama.cpp's number of the pooling that gives a score."""

_ENCODERS = ("bert", "embed", "t5encoder")
"""What occurs in the names of architectures that only read."""

_NOT_EMBEDDING = ("pangu-embedded",)
_DRAFTS = ("eagle", "dflash", "-assistant", "medusa")
_DIFFUSION = ("dream", "llada", "rnd1", "diffusion")
_SOUND = ("tts", "wavtokenizer", "whisper")
_TYPES: dict[str, Kind] = {"mmproj": "projector", "clip": "projector"}
_NOT_MODELS = ("adapter", "imatrix", "vocab")


USES: dict[str, str] = {
    "embedding": "an embedding model, which finds text and writes none",
    "reranker": "a reranker, which compares texts and writes none",
    "projector": "an image projector, which belongs to another model",
    "draft": "a draft model, which guesses ahead for another model",
    "other": "no language model",
}
"""What the kinds are that cannot answer."""


def check_chat(file: Path, head: GgufHead) -> None:
    """Refuse what cannot answer.

    Raises:
        ModelFileError: Saying what it is instead.
    """
    if use := USES.get(kind_of(head)):
        raise ModelFileError(f"{file.name} is {use}", hint="`kb models list` shows what can answer")


def kind_of(head: GgufHead) -> Kind:
    """Tell what a model is for; of a split one, the head of its first part decides."""
    architecture = head.architecture.lower()
    general_type = str(head.metadata.get("general.type", "")).lower()
    if architecture == "clip" or any(key.startswith("clip.") for key in head.metadata):
        return "projector"
    if general_type in _TYPES:
        return _TYPES[general_type]
    if general_type in _NOT_MODELS or not _has_words(head) or not _has_tensors(head):
        return "other"
    if any(word in architecture for word in _DRAFTS):
        return "draft"
    if any(word in architecture for word in (*_DIFFUSION, *_SOUND)):
        return "other"
    return _kind_of_language_model(head, architecture)


def _kind_of_language_model(head: GgufHead, architecture: str) -> Kind:
    pooling = head.of_architecture("pooling_type")
    # a bare "cls" is a dense layer that some embedding models have too; its output is a score.
    has_scores = any(tensor.name in {"cls.output.weight", "cls.output.bias"} for tensor in head.tensors)
    if pooling == _RANK or has_scores or head.of_architecture("classifier.output_labels"):
        return "reranker"
    is_encoder = any(word in architecture for word in _ENCODERS) and architecture not in _NOT_EMBEDDING
    if is_encoder or pooling or head.of_architecture("attention.causal") is False:
        return "embedding"
    return "chat"


def _has_words(head: GgufHead) -> bool:
    """Say whether it has a vocabulary; what makes images has none."""
    return bool(head.metadata.get("tokenizer.ggml.model"))


def _has_tensors(head: GgufHead) -> bool:
    return bool(head.tensors) or bool(head.metadata.get("split.count"))
