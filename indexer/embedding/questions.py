"""A question to a vector, as quickly as a CPU can: somebody waits for it at every key.

One short text is little to reckon with and much to read: every weight of the model, for a
handful of tokens. torch's product of two matrices in float32 is made for many rows. FBGEMM's,
which torch brings along for x86, reads weights of half the size in an order made for few rows,
and sums up in float32: a third of the time, for a cosine of .999999 with the vector that the model
makes otherwise.
"""

import copy
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import batch_to_device

from indexer.types import Vectors

SAMPLES = ("what is a short question?", "Wo steht der Schlüssel zum Keller, und wer hat ihn zuletzt gehabt?")
"""What is tried out, before a quick way is taken."""

SAME = 0.99999
"""Cosine from which on two vectors are taken for one."""


class Questions:
    """Embeds questions, beside other threads that embed documents with the same model.

    Args:
        model: The model; its weights are shared, its modules and its tokenizer are not.
    """

    def __init__(self, model: SentenceTransformer) -> None:
        self._model = twin(model)
        plain = [self._encoded(text) for text in SAMPLES]
        self._is_bare = _agree(plain, [self._tried(self._model, text) for text in SAMPLES])
        packed = _packed(self._model) if self._is_bare else None
        if packed is not None and _agree(plain, [self._tried(packed, text) for text in SAMPLES]):
            self._model = packed

    @property
    def is_packed(self) -> bool:
        """Whether the weights are held in FBGEMM's order as well."""
        return any(isinstance(module, PackedLinear) for module in self._model.modules())

    def embed(self, text: str) -> Vectors:
        """Embed a question with the model's prompt for queries, `(dim,)` of length 1."""
        # one thread: waking others costs more than one short text gains.
        torch.set_num_threads(1)
        return self._bare(self._model, text) if self._is_bare else self._encoded(text)

    def _encoded(self, text: str) -> Vectors:
        vector: Vectors = normalized(self._model.encode_query([text], show_progress_bar=False))[0]
        return vector

    @staticmethod
    def _bare(model: SentenceTransformer, text: str) -> Vectors:
        """Return what the model's modules make of one text.

        `encode_query` does more: prompts, tasks, batches, looks at every module. For one
        short text on a CPU that takes a quarter of the time.
        """
        with torch.inference_mode():
            features = model(batch_to_device(model.preprocess([text]), model.device))
            vector: Vectors = normalized(features["sentence_embedding"].to(torch.float32).cpu())[0]
            return vector

    @classmethod
    def _tried(cls, model: SentenceTransformer, text: str) -> "Vectors | None":
        try:
            return cls._bare(model, text)
        # what a model's own modules lack shows in as many ways as there are models.
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError):
            return None


class PackedLinear(torch.nn.Module):  # type: ignore[misc]
    """A linear layer whose weights are held in half precision, in the order in which FBGEMM reads them.

    Args:
        linear: The layer, in float32 on a CPU.

    Raises:
        RuntimeError: If this build of torch has no FBGEMM.
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self._weights = torch.ops.quantized.linear_prepack_fp16(linear.weight.detach(), linear.bias)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Multiply, and add the bias; `(…, in)` to `(…, out)`."""
        return torch.ops.quantized.linear_dynamic_fp16(rows, self._weights)


def _packed(model: SentenceTransformer) -> SentenceTransformer | None:
    """Return a model like another with packed weights; `None` where that cannot be."""
    weights = list(model.parameters())
    if any(weight.dtype != torch.float32 or weight.device.type != "cpu" for weight in weights):
        return None
    packed = twin(model)
    places = [
        (parent, name, child)
        for parent in packed.modules()
        for name, child in parent.named_children()
        if type(child) is torch.nn.Linear
    ]
    try:
        for parent, name, child in places:
            setattr(parent, name, PackedLinear(child))
    except (AttributeError, RuntimeError):
        return None
    return packed if places else None


def _agree(ones: "Sequence[Vectors]", others: "Sequence[Vectors | None]") -> bool:
    return all(
        other is not None and float(one @ other) > SAME for one, other in zip(ones, others, strict=True)
    )


def twin(model: SentenceTransformer) -> SentenceTransformer:
    """Return a model with the same weights, and modules and a tokenizer that another thread can use."""
    weights = itertools.chain(model.parameters(), model.buffers())
    return copy.deepcopy(model, {id(tensor): tensor for tensor in weights})


def normalized(vectors: Any) -> Vectors:
    """Return rows of length 1 in float32; a row of zeros stays one."""
    rows = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths == 0, 1, lengths), np.float32)
