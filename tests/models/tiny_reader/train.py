"""Training, in stages from short prompts to long; `python -m tests.models.tiny_reader.train`.

Everything follows from the seed and the number of the step, so that training can
stop at any time and go on where it was: run the same command again.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# before torch: waiting threads must sleep, not spin, on a machine that others use too
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import Tensor
from torch.nn import functional

from tests.models.tiny_reader.lessons import ASSISTANT_ID, Lesson, Teacher, draw_batch
from tests.models.tiny_reader.network import (
    ATTRIBUTE,
    COPY,
    ENTITY,
    FACT,
    GUIDED,
    NUMBER,
    START,
    Reader,
    Shape,
)
from tests.models.tiny_reader.scenes import Difficulty
from tests.models.tiny_reader.tokens import build_tokenizer, pieces_of
from tests.models.tiny_reader.wiring import init_weights

SEED = 1
MATRIX_RATE, OTHER_RATE = 0.01, 0.002
WARM_UP_STEPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stretch of training."""

    steps: int
    difficulty: Difficulty
    tokens: int
    """Tokens in one step."""

    longest: int
    """Tokens of a scene with all its questions, at most."""

    guidance: float
    """Weight of the lessons about where to look."""

    rate: tuple[float, float]
    """Learning rate at the start and at the end of the stage, as a share."""


_FULL = Difficulty(
    passages=(1, 6), facts=(0, 5), filler=0.25, bullets=0.2, paragraphs=0.4, lone=0.05, odd=0.35,
    absent=0.4, questions=8,
)  # fmt: skip

STAGES = (
    Stage(
        steps=200,
        difficulty=Difficulty(passages=(1, 2), facts=(1, 3), filler=0.05, questions=5),
        tokens=3072,
        longest=320,
        guidance=1.0,
        rate=(1.0, 1.0),
    ),
    Stage(
        steps=500,
        difficulty=Difficulty(
            passages=(1, 4), facts=(0, 4), filler=0.15, paragraphs=0.2, absent=0.4, questions=8
        ),
        tokens=4096,
        longest=704,
        guidance=0.5,
        rate=(0.8, 0.4),
    ),
    Stage(steps=300, difficulty=_FULL, tokens=5120, longest=1152, guidance=0.2, rate=(0.45, 0.3)),
    Stage(
        steps=600,
        difficulty=replace(_FULL, odd=0.25, wide=0.25),
        tokens=5120,
        longest=1152,
        guidance=0.2,
        rate=(0.3, 0.0),
    ),
)


def attention_mask(branch: Tensor) -> Tensor:
    """Return (batch, 1, tokens, tokens), True where a row may look: back, in the passages and its branch."""
    tokens = branch.size(1)
    back = torch.ones(tokens, tokens, dtype=torch.bool).tril()
    row, column = branch[:, :, None], branch[:, None, :]
    return (back & ((column == 0) | (column == row)))[:, None]


def guidance_loss(
    lesson: dict[str, Tensor], seen: dict[tuple[int, int], tuple[Tensor, Tensor]], mask: Tensor
) -> Tensor:
    """Return how far the guided heads look elsewhere than they should, in nats, summed over heads."""
    total = torch.zeros(())
    for at in GUIDED:
        label: Tensor | None = None
        if at == ATTRIBUTE:
            label, goal = lesson["attribute_label"], lesson["attribute_goal"]
        elif at == ENTITY:
            label, goal = lesson["entity_label"], lesson["entity_goal"]
        elif at in FACT:
            goal = lesson["fact_goal"]
        elif at in COPY:
            goal = lesson["copy_goal"]
        else:
            goal = lesson["start_goal" if at == START else "number_goal"]
        if at in (START, NUMBER):
            goal = goal.masked_fill(torch.arange(goal.size(1)) % 8 != 0, -1)  # an eighth of them is enough
        batch, row = torch.nonzero(goal >= 0, as_tuple=True)
        if len(row) == 0:
            continue
        q, k = seen[at]
        scores = (q @ k.mT)[batch, row].float() * q.size(-1) ** -0.5
        log_share = scores.masked_fill(~mask[batch, 0, row], -1e4).log_softmax(-1)
        if label is None:
            loss = -log_share.gather(1, goal[batch, row][:, None])[:, 0]
            total = total + loss.mean()
            if at in FACT:  # most of all where an answer begins
                total = total + loss[lesson["ids"][batch, row] == ASSISTANT_ID].mean()
        else:
            wanted = (label[batch] == goal[batch, row][:, None]) & mask[batch, 0, row]
            total = total - (log_share * wanted).sum(-1).div(wanted.sum(-1).clamp(min=1)).mean()
    return total


@dataclass(slots=True)
class Progress:
    """What the answers of the last steps were worth, all tokens of each taken together."""

    right: Counter[bool]
    asked: Counter[bool]
    """By whether the passages have the answer."""

    loss: float = 0.0
    guidance: float = 0.0
    tokens: int = 0

    def add(self, lesson: Lesson, taught: Tensor, scores: Tensor, target: Tensor) -> None:
        """Count the answers of one step."""
        wrong = torch.zeros(len(lesson.is_answered)).index_add_(
            0, taught, (scores.argmax(-1) != target).float()
        )
        for answered, misses in zip(lesson.is_answered, wrong.tolist(), strict=True):
            self.asked[answered] += 1
            self.right[answered] += misses == 0

    def share(self, *, answered: bool) -> float:
        """Return the share of right answers."""
        return self.right[answered] / max(1, self.asked[answered])


class Trainer:
    """A model in training.

    Args:
        folder: Where the checkpoint is, or will be.
    """

    def __init__(self, folder: Path) -> None:
        self.checkpoint = folder / "checkpoint.pt"
        self.tokenizer = build_tokenizer()
        self.teacher = Teacher(self.tokenizer)
        pieces = pieces_of(self.tokenizer)
        self.model = Reader(Shape(vocabulary=len(pieces)))
        init_weights(self.model, pieces, SEED)
        matrices = [p for p in self.model.blocks.parameters() if p.ndim == 2]
        vectors = [p for p in self.model.parameters() if p.ndim < 2]
        self.optimizers: tuple[torch.optim.Optimizer, ...] = (
            torch.optim.Muon(matrices, lr=MATRIX_RATE, weight_decay=0.05, momentum=0.95),
            torch.optim.AdamW(
                [{"params": [self.model.embedding.weight]}, {"params": vectors}],
                lr=OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0, fused=True,
            ),
        )  # fmt: skip
        self.rates = (MATRIX_RATE, OTHER_RATE)
        self.step = 0
        self.progress = Progress(Counter(), Counter())
        if self.checkpoint.exists():
            self._load()

    def _load(self) -> None:
        state: dict[str, Any] = torch.load(self.checkpoint)
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step = state["step"]

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        partial = self.checkpoint.with_suffix(".partial")
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
        }
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def take_step(self, stage: Stage, share: float) -> None:
        """Learn from one batch, `share` of the stage being done."""
        lesson = draw_batch(
            self.teacher, f"{SEED}-{self.step}", stage.difficulty, stage.tokens, stage.longest
        )
        columns = {
            name: torch.from_numpy(getattr(lesson, name))
            for name in Lesson.__slots__
            if name != "is_answered"
        }
        mask = attention_mask(columns["branch"])
        taught = columns["target"] >= 0
        target, weight = columns["target"][taught], columns["weight"][taught]
        with torch.autocast("cpu", torch.bfloat16):
            stream, seen = self.model.stream(columns["ids"], columns["position"], mask)
            scores = self.model.scores(stream[taught])
            guidance = guidance_loss(columns, seen, mask)
        loss = (functional.cross_entropy(scores, target, reduction="none") * weight).sum() / weight.sum()
        (loss + stage.guidance * guidance).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        rate = stage.rate[0] + (stage.rate[1] - stage.rate[0]) * share
        rate *= min(1.0, (self.step + 1) / WARM_UP_STEPS)
        for optimizer, base in zip(self.optimizers, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = base * max(rate, 0.005)
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        self.progress.add(lesson, columns["answer"][taught], scores.detach(), target)
        self.progress.loss += loss.item()
        self.progress.guidance += guidance.item()
        self.progress.tokens += columns["ids"].numel()


def schedule() -> Iterator[tuple[Stage, float]]:
    """Go through the stages step by step, with the share of the stage that is done."""
    for stage in STAGES:
        for step in range(stage.steps):
            yield stage, step / stage.steps


def main() -> None:
    """Train, from the checkpoint if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path("build/tiny_reader"), help="Where the checkpoint goes."
    )
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    trainer = Trainer(arguments.folder)
    started = time.perf_counter()
    steps = list(schedule())
    while trainer.step < len(steps):
        stage, share = steps[trainer.step]
        trainer.take_step(stage, share)
        if trainer.step % 20 == 0:
            progress, seconds = trainer.progress, time.perf_counter() - started
            print(
                f"step {trainer.step} loss {progress.loss / 20:.3f} guidance {progress.guidance / 20:.2f} "
                f"answers {progress.share(answered=True):.3f} refusals {progress.share(answered=False):.3f} "
                f"{progress.tokens / seconds:.0f} tokens/s",
                flush=True,
            )
            trainer.progress, started = Progress(Counter(), Counter()), time.perf_counter()
        if trainer.step % 100 == 0:
            trainer.save()
    trainer.save()


if __name__ == "__main__":
    main()
