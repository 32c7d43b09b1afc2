"""The network: a small Llama, as llama.cpp computes it, with some heads wired at the start.

The token embeddings use the first half of the stream; the second half is left
free, so that heads can pass notes to later layers without noise. Everything is
trained, the wiring only spares the search for it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The sizes of the network."""

    vocabulary: int
    width: int = 256
    layers: int = 5
    heads: int = 4
    head_width: int = 64
    inner: int = 256
    context: int = 2048
    theta: float = 1e7
    """Base of the rotary angles; large, so that half of each head hardly turns and can compare content."""

    epsilon: float = 1e-5


START, NUMBER = (1, 0), (1, 1)
ATTRIBUTE, ENTITY = (2, 0), (2, 1)
FACT = ((3, 0), (3, 1))
COPY = ((4, 0), (4, 1))
GUIDED = (START, NUMBER, ATTRIBUTE, ENTITY, *FACT, *COPY)
"""(layer, head) of the heads that lessons tell where to look."""


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the halves of each head against each other by the position's angles."""
    left, right = x.chunk(2, -1)
    return torch.cat((left * cos - right * sin, right * cos + left * sin), -1)


class Norm(nn.Module):
    """Root mean square normalisation."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        return functional.rms_norm(x, (x.size(-1),), self.weight.to(x.dtype), self.epsilon)


class Block(nn.Module):
    """Attention, then a gated feed-forward layer."""

    def __init__(self, shape: Shape, guided: list[int]) -> None:
        super().__init__()
        self.shape, self.guided = shape, guided
        inside = shape.heads * shape.head_width
        self.attention_norm = Norm(shape.width, shape.epsilon)
        self.q = nn.Linear(shape.width, inside)
        self.k = nn.Linear(shape.width, inside)
        self.v = nn.Linear(shape.width, inside, bias=False)
        self.out = nn.Linear(inside, shape.width, bias=False)
        self.inner_norm = Norm(shape.width, shape.epsilon)
        self.gate = nn.Linear(shape.width, shape.inner, bias=False)
        self.up = nn.Linear(shape.width, shape.inner, bias=False)
        self.down = nn.Linear(shape.inner, shape.width, bias=False)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Return the stream after this block, and (queries, keys) of each guided head."""
        batch, tokens, _ = x.shape
        split = (batch, tokens, self.shape.heads, self.shape.head_width)
        h = self.attention_norm(x)
        q = rotate(self.q(h).view(split).transpose(1, 2), cos, sin)
        k = rotate(self.k(h).view(split).transpose(1, 2), cos, sin)
        v = self.v(h).view(split).transpose(1, 2)
        looked = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(looked.transpose(1, 2).reshape(batch, tokens, -1))
        h = self.inner_norm(x)
        x = x + self.down(functional.silu(self.gate(h)) * self.up(h))
        return x, [(q[:, head], k[:, head]) for head in self.guided]


class Reader(nn.Module):
    """The whole network; input and output embeddings are the same matrix."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(
            Block(shape, [head for layer, head in GUIDED if layer == i]) for i in range(shape.layers)
        )
        self.norm = Norm(shape.width, shape.epsilon)
        half = shape.head_width // 2
        turn = shape.theta ** (-torch.arange(half, dtype=torch.float32) / half)
        angles = torch.outer(torch.arange(shape.context, dtype=torch.float32), turn)
        self.register_buffer("turn", turn, persistent=False)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def stream(
        self, ids: Tensor, position: Tensor, mask: Tensor
    ) -> tuple[Tensor, dict[tuple[int, int], tuple[Tensor, Tensor]]]:
        """Return the normalised stream, (batch, tokens, width), and (queries, keys) of guided heads.

        Args:
            ids: Tokens, (batch, tokens).
            position: Position of each token, (batch, tokens).
            mask: True where a row may look, (batch, 1, tokens, tokens).
        """
        x = self.embedding(ids)
        if torch.is_autocast_enabled("cpu"):
            x = x.bfloat16()
        cos = self.cos[position][:, None].to(x.dtype)
        sin = self.sin[position][:, None].to(x.dtype)
        seen: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
        for layer, block in enumerate(self.blocks):
            x, pairs = block(x, cos, sin, mask)
            heads = [head for at, head in GUIDED if at == layer]
            seen |= {(layer, head): pair for head, pair in zip(heads, pairs, strict=True)}
        return self.norm(x), seen

    def scores(self, stream: Tensor) -> Tensor:
        """Return the score of each token of the vocabulary, in float32."""
        return functional.linear(stream, self.embedding.weight.to(stream.dtype)).float()
