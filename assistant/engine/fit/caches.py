"""What a model keeps of the tokens it has read, layer by layer, as llama.cpp lays it out.

Most layers keep a key and a value of some heads for every token (GQA). Others keep one compressed row
in their place (MLA), only the last tokens because they look no further back (a sliding window), one row
for several tokens, or a state that does not grow at all (recurrent layers). Read in llama.cpp's
`llama_model::create_memory` and the files it draws on; held against it by test.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from assistant.engine.gguf import GgufHead

SEQUENCES = 1
"""Texts that a context keeps side by side."""

STATE_SNAPSHOTS = 0
"""Earlier states of recurrent layers that a context keeps, to go back to."""

BYTES_PER_NUMBER = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Of what is kept per token, by its type."""

_STEP = 256
"""Caches that do not hold the whole context are a multiple of this long."""

_WINDOW_PERIODS = {
    # architecture: of so many layers all but the last have a window, where the file does not say
    "afmoe": 4, "cohere2": 4, "exaone-moe": 4, "gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2,
    "llama4": 4, "mellum": 4, "muse-glimmer": 4, "olmo2": 4, "plamo3": 8,
}  # fmt: skip
_DENSE_FIRST_PERIODS = {"cohere2moe": 4, "laguna": 4, "smallthinker": 4}
"""The same, where all but the first have one."""

_WINDOWS = {"gemma2": 4096, "llama4": 8192}
"""Windows that files leave out."""

_MOST = 1 << 32
"""Files may say anything; nothing that is counted here is more."""

_STATE_TENSORS = ("ssm_", "shortconv", "time_mix_", "kda_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """Rows of numbers that a layer keeps, one for every token or every few."""

    numbers: int
    """In a row."""

    window_tokens: int = 0
    """How far back the layer looks; 0 for to the beginning."""

    tokens_per_row: int = 1

    def rows(self, context_tokens: int, batch_tokens: int) -> int:
        """Return how many rows it holds."""
        if self.window_tokens:
            return _padded(min(context_tokens, self.window_tokens * SEQUENCES + batch_tokens))
        if self.tokens_per_row > 1:
            return _padded(-(-context_tokens // self.tokens_per_row))
        return context_tokens

    def size_bytes(self, context_tokens: int, kv_type: str, batch_tokens: int) -> int:
        """Return what it takes."""
        return int(self.numbers * self.rows(context_tokens, batch_tokens) * BYTES_PER_NUMBER[kv_type])


class Caches:
    """Tells what each layer of a model keeps.

    Args:
        head: Of the model's first file.
        tensors: Names of the tensors of each layer, without "blk.N.".
    """

    def __init__(self, head: GgufHead, tensors: list[Collection[str]]) -> None:
        self._head = head
        self._tensors = tensors
        self._layers = len(tensors)
        self._heads = max(self._list("attention.head_count"), default=0)
        self._kv_heads = self._list("attention.head_count_kv") or [self._heads] * self._layers
        self._is_latent = bool(self._number("attention.key_length_mla"))

    @property
    def attended(self) -> int:
        """Numbers in the queries of all heads."""
        return self._heads * self._length("key", is_windowed=False)

    @property
    def mask_bytes(self) -> int:
        """What it takes per token of a batch and of the context to know which may look at which.

        An index that is asked for this scores every pair; measured, not read in the source.
        """
        if not any(self.has_index(layer) for layer in range(self._layers)):
            return 2
        return 24 if self._head.architecture == "minimax-m3" else 12

    @property
    def is_quantisable(self) -> bool:
        """Whether smaller numbers than f16 may be kept: in whole blocks, of what is not compressed anyway."""
        lengths = [
            self._length(kind, is_windowed=short) for kind in ("key", "value") for short in (True, False)
        ]
        is_compressed = self._is_latent or self._head.architecture == "deepseek4"
        return not is_compressed and all(length % 32 == 0 for length in lengths)

    def of_layer(self, layer: int) -> tuple[Cache, ...]:
        """Return what a layer keeps of tokens."""
        kept_layers = self._layers - self._number("nextn_predict_layers")
        if self._head.architecture == "gemma3n":
            kept_layers = 20
        kept_layers -= self._number("attention.shared_kv_layers")
        if layer >= kept_layers or not self._kv_heads[layer] or self._is_stateful_only(layer):
            return ()
        window = self._window(layer)
        key = self._length("key", is_windowed=bool(window))
        if self._head.architecture == "deepseek4":
            return self._compressed(layer, key)
        value = 0 if self._is_latent else self._length("value", is_windowed=bool(window))
        value *= self._kv_heads[layer]
        own = Cache(numbers=self._kv_heads[layer] * key + value, window_tokens=window)
        if self.has_index(layer):
            # where tokens are pooled, their gates and the pooled values are kept beside the keys.
            kinds = 3 if self._number("attention.indexer.kpool") else 1
            index = kinds * self._number("attention.indexer.key_length")
            if self._head.architecture == "minimax-m3":
                # it is laid out like any other cache, with a value beside every key.
                index += self._length("value", is_windowed=False)
            return own, Cache(numbers=index)
        return (own,)

    def has_index(self, layer: int) -> bool:
        """Say whether a layer finds by a lighter index, over all tokens, which are worth its attention."""
        return self._head.architecture != "deepseek4" and any(
            name.startswith("indexer") for name in self._tensors[layer]
        )

    def state_bytes(self, layer: int) -> int:
        """Return what a layer keeps whatever the number of tokens."""
        if layer >= self._layers - self._number("nextn_predict_layers") or not self._has_state(layer):
            return 0
        return self._state_numbers() * 4 * SEQUENCES * (1 + STATE_SNAPSHOTS)

    def _compressed(self, layer: int, key: int) -> tuple[Cache, ...]:
        """Return what DeepSeek 4 keeps: the last tokens, and one row for 4 or 128 of the others."""
        recent = Cache(numbers=key, window_tokens=self._number("attention.sliding_window"))
        ratio = (self._list("attention.compress_ratios") or [0] * self._layers)[layer]
        if ratio == 4:
            index = self._number("attention.indexer.key_length")
            return recent, Cache(numbers=key + index, tokens_per_row=ratio)
        return (recent, Cache(numbers=key, tokens_per_row=ratio)) if ratio else (recent,)

    def _window(self, layer: int) -> int:
        name = self._head.architecture
        window = self._head.of_architecture("attention.sliding_window")
        window = _WINDOWS.get(name, 0) if window is None else number(window)
        if name == "llama4" and window:
            window = _WINDOWS[name]
        pattern = self._head.of_architecture("attention.sliding_window_pattern")
        if isinstance(pattern, list):
            return window if layer < len(pattern) and pattern[layer] else 0
        if name == "exaone4" and self._layers == 64:
            period, is_dense_first = 4, False
        elif name in _DENSE_FIRST_PERIODS:
            period, is_dense_first = _DENSE_FIRST_PERIODS[name], True
        elif name in _WINDOW_PERIODS:
            period, is_dense_first = _WINDOW_PERIODS[name], False
        else:
            return 0
        period = number(pattern) or period
        return window if layer % period != (0 if is_dense_first else period - 1) else 0

    def _has_state(self, layer: int) -> bool:
        return any(name.startswith(_STATE_TENSORS) for name in self._tensors[layer])

    def _is_stateful_only(self, layer: int) -> bool:
        """Say whether a layer has a state and no attention; a linear one may still have `attn_qkv`."""
        return self._has_state(layer) and not any(
            name.startswith(("attn_k.", "attn_kv_")) for name in self._tensors[layer]
        )

    def _state_numbers(self) -> int:
        width = self._number("embedding_length")
        if wkv := self._number("wkv.head_size"):
            return (self._number("token_shift_count") or 2) * width + width * wkv
        if short := self._number("shortconv.l_cache"):
            return width * (short - 1)
        steps = max(0, self._number("ssm.conv_kernel") - 1)
        if size := self._number("kda.head_dim"):
            return 3 * (steps or 3) * self._heads * size + size * size * self._heads
        state, inner = self._number("ssm.state_size"), self._number("ssm.inner_size")
        return steps * (inner + 2 * self._number("ssm.group_count") * state) + state * inner

    def _length(self, kind: str, *, is_windowed: bool) -> int:
        """Return the numbers in one head's key or value."""
        own = self._number(f"attention.{kind}_length_swa") if is_windowed else 0
        width = self._number("embedding_length")
        return own or self._number(f"attention.{kind}_length") or (width // self._heads if self._heads else 0)

    def _number(self, key: str) -> int:
        return number(self._head.of_architecture(key))

    def _list(self, key: str) -> list[int]:
        return per_layer(self._head.of_architecture(key), self._layers)


def number(value: Any) -> int:
    """Read a count out of metadata; 0 for what can be none."""
    return value if isinstance(value, int) and 0 < value < _MOST else 0


def per_layer(value: Any, layers: int) -> list[int]:
    """Return a value for every layer, which a file gives once or one by one; empty if it gives none."""
    if value is None:
        return []
    if not isinstance(value, list):
        return [number(value)] * layers
    return [number(item) for item in value[:layers]] + [0] * (layers - len(value))


def _padded(rows: int) -> int:
    return -(-rows // _STEP) * _STEP
