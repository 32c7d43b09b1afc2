"""The first weights: random, but for the heads whose work is known beforehand.

Layer 0 looks one, two and three tokens back and notes what stood there. Layer 2
gathers the words of the attribute and of the entity. Layer 3 looks for the place
where the same words were gathered, layer 4 for the token to copy next.
"""

import math

import torch
from torch import Tensor, nn

from tests.models.tiny_reader.network import ATTRIBUTE, COPY, ENTITY, FACT, NUMBER, Block, Reader
from tests.models.tiny_reader.tokens import features

NOTE = 32
"""Numbers in one note that a head leaves in the free half of the stream."""

PREVIOUS, GATHERED_ATTRIBUTE, GATHERED_ENTITY, PASSAGE = range(4)


def _orthogonal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Return a matrix with orthonormal rows (or columns, where there are fewer)."""
    square = torch.randn(max(rows, columns), min(rows, columns), generator=generator)
    q = torch.linalg.qr(square).Q
    return q if rows >= columns else q.T


def _init_embedding(model: Reader, pieces: list[str], flags: Tensor, generator: torch.Generator) -> None:
    """Give each word piece a vector of its own, plus one flag for a capital and one for a space before it."""
    width = model.shape.width // 2
    bare = {features(piece)[0] for piece in pieces}
    vectors = dict(zip(sorted(bare), torch.randn(len(bare), width, generator=generator), strict=True))
    weight = torch.zeros(len(pieces), model.shape.width)
    for i, piece in enumerate(pieces):
        root, capital, spaced = features(piece)
        weight[i, :width] = vectors[root] + capital * flags[0] + spaced * flags[1]
    model.embedding.weight.copy_(weight)


class _Wiring:
    """Writes known circuits into the weights of a model.

    Args:
        model: The network, its weights random.
        generator: Where chance comes from.
    """

    def __init__(self, model: Reader, generator: torch.Generator) -> None:
        self.model, self.generator = model, generator
        self.shape = model.shape
        self.half = self.shape.width // 2
        basis = _orthogonal(self.half, self.half, generator)
        self.flags = 10.0 * basis[:2]
        """What tells a capital, and a space before a piece; almost as long as the vector of a piece."""

        self.identity = basis[2 : 2 + NOTE]
        """How a token is noted down, (NOTE, half the width); blind to flags, so "Wifi" is " wifi"."""

    def block(self, layer: int) -> Block:
        block = self.model.blocks[layer]
        assert isinstance(block, Block)
        return block

    def rows(self, head: int) -> slice:
        return slice(head * self.shape.head_width, (head + 1) * self.shape.head_width)

    def note(self, which: int) -> slice:
        return slice(self.half + which * NOTE, self.half + (which + 1) * NOTE)

    def look_back(self, head: int, distance: int) -> None:
        """Let a head of layer 0 look at the token `distance` positions before."""
        block, rows = self.block(0), self.rows(head)
        angle = -distance * self.model.turn
        strength = 6.0
        for linear in (block.q, block.k):
            linear.weight[rows] *= 0.1
        block.q.bias[rows] = strength * torch.cat((angle.cos(), angle.sin()))
        block.k.bias[rows] = strength * torch.cat((torch.ones_like(angle), torch.zeros_like(angle)))

    def write_note(self, layer: int, head: int, which: int) -> None:
        """Let a head note down the identity of what it looks at."""
        block, rows = self.block(layer), self.rows(head)
        block.v.weight[rows] = 0
        block.v.weight[rows.start : rows.start + NOTE, : self.half] = self.identity
        block.out.weight[:, rows] = 0
        block.out.weight[self.note(which), rows.start : rows.start + NOTE] = torch.eye(NOTE)

    def compare(
        self, layer: int, head: int, notes: list[tuple[slice | None, slice | None]], strength: float
    ) -> None:
        """Let a head look where notes agree, in the numbers of the head that hardly turn.

        Args:
            layer: The layer.
            head: The head.
            notes: (note of the row that looks, note of the row looked at); `None` for a token's own identity.
            strength: Factor of both sides.
        """
        block, rows = self.block(layer), self.rows(head)
        half = self.shape.head_width // 2
        slow = [i for i in range(half) if self.model.turn[i] < 1e-3]
        usable = torch.tensor([*slow, *[half + i for i in slow]]) + rows.start
        mix = _orthogonal(len(usable), NOTE * len(notes), self.generator) * strength
        for side, linear in enumerate((block.q, block.k)):
            linear.weight[rows] *= 0.3
            source = torch.zeros(NOTE * len(notes), self.shape.width)
            for i, pair in enumerate(notes):
                part = source[i * NOTE : (i + 1) * NOTE]
                where = pair[side]
                if where is None:
                    part[:, : self.half] = self.identity
                else:
                    part[:, where] = torch.eye(NOTE)
            linear.weight[usable] = mix @ source

    def say_note(self, layer: int, head: int, which: int) -> None:
        """Let a head add a note of what it looks at to what the model says next."""
        block, rows = self.block(layer), self.rows(head)
        block.v.weight[rows.start : rows.start + NOTE] = 0
        block.v.weight[rows.start : rows.start + NOTE, self.note(which)] = torch.eye(NOTE)
        block.out.weight[: self.half, rows.start : rows.start + NOTE] = 0.7 * self.identity.T

    def copy_out(self, layer: int, head: int, which: int) -> None:
        """Let a head add the identity of what it looks at to what the model says next."""
        block, rows = self.block(layer), self.rows(head)
        width = self.shape.head_width
        basis = torch.eye(self.half)[which * width : (which + 1) * width]
        block.v.weight[rows] = 0
        block.v.weight[rows, : self.half] = basis
        block.out.weight[:, rows] = 0
        block.out.weight[: self.half, rows] = 2.0 * basis.T


def init_weights(model: Reader, pieces: list[str], seed: int) -> None:
    """Set all weights for the start of training; `pieces` are the tokens in the order of their ids."""
    with torch.no_grad():
        generator = torch.Generator().manual_seed(seed)
        _init_random(model, generator)
        wiring = _Wiring(model, generator)
        _init_embedding(model, pieces, wiring.flags, generator)
        _wire(wiring)


def _init_random(model: Reader, generator: torch.Generator) -> None:
    shape = model.shape
    for block in model.blocks:
        assert isinstance(block, Block)
        for linear in (block.q, block.k, block.v, block.gate, block.up):
            nn.init.normal_(linear.weight, std=0.8 / math.sqrt(shape.width), generator=generator)
        for linear in (block.out, block.down):
            nn.init.normal_(linear.weight, std=0.05 / math.sqrt(linear.in_features), generator=generator)
        nn.init.zeros_(block.q.bias)
        nn.init.zeros_(block.k.bias)
    nn.init.constant_(model.norm.weight, 0.15)


def _wire(wiring: _Wiring) -> None:
    for head in range(3):
        wiring.look_back(head, head + 1)
    wiring.write_note(0, 0, PREVIOUS)
    wiring.write_note(*NUMBER, PASSAGE)
    wiring.write_note(*ATTRIBUTE, GATHERED_ATTRIBUTE)
    wiring.write_note(*ENTITY, GATHERED_ENTITY)
    attribute, entity = wiring.note(GATHERED_ATTRIBUTE), wiring.note(GATHERED_ENTITY)
    for at in FACT:
        wiring.compare(*at, [(attribute, attribute), (entity, entity)], 1.0)
    wiring.say_note(*FACT[0], PASSAGE)
    for i, at in enumerate(COPY):
        wiring.compare(*at, [(None, wiring.note(PREVIOUS)), (attribute, attribute), (entity, entity)], 1.0)
        wiring.copy_out(*at, i)
