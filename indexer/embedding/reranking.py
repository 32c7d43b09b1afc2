"""Question and passage read together by a cross-encoder: slower than comparing vectors, and better.

On a CPU it reads as much as fits a budget of time, by the pace at which it read
before; on a GPU all that it is given.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil
import torch
from sentence_transformers import CrossEncoder

from indexer.embedding import choose_device, first_line
from indexer.errors import ConfigError

BATCH_TEXTS = 4
"""Passages read at a time on a CPU; after each the clock is looked at."""

ACCELERATOR_TEXTS = 64
WARM_UP_CHARS = 400
SMOOTHING = 0.5
"""Share of the last reading in the pace."""


class Reranker:
    """A loaded cross-encoder, for one thread at a time."""

    def __init__(self, model: CrossEncoder, *, name: str, device: str, threads: int) -> None:
        self._model = model
        self._threads = threads
        self.name = name
        self.device = device
        # the first reading is slower than any other, and must not be taken for the pace.
        for _ in range(2):
            self._ms_per_char = 0.0
            self._read("a question", ["word " * (WARM_UP_CHARS // 5)])

    @classmethod
    def load(cls, folder: Path, *, device: str, threads: int) -> Self:
        """Load a cross-encoder from disk; the network is never asked.

        Args:
            folder: What a sentence-transformers CrossEncoder was saved to.
            device: Where to run, or "auto".
            threads: CPU threads; 0 for all physical cores.

        Raises:
            ConfigError: If it is missing or damaged, or gives anything but one score.
        """
        hint = "name the folder of a sentence-transformers CrossEncoder, or leave the key out"
        if not (folder / "config.json").is_file():
            raise ConfigError(f"[search] reranker: {folder} is not a folder of a cross-encoder", hint=hint)
        chosen = choose_device(device)
        try:
            model = CrossEncoder(str(folder), device=chosen, local_files_only=True)
            outputs = int(model.num_labels)
        # a damaged file surfaces as nearly any exception: safetensors, json, torch, tokenizers.
        except Exception as error:
            raise ConfigError(
                f"[search] reranker: {folder} cannot be loaded: {first_line(error)}", hint=hint
            ) from error
        if outputs != 1:
            raise ConfigError(f"[search] reranker: {folder} gives {outputs} scores instead of one", hint=hint)
        model.eval()
        count = threads or psutil.cpu_count(logical=False) or os.cpu_count() or 1
        return cls(model, name=folder.name, device=chosen, threads=count)

    def scores(self, question: str, texts: Sequence[str], *, budget_ms: float) -> list[float]:
        """Return how well texts answer a question, of as many of the first as time allows.

        Args:
            question: The question.
            texts: Passages, those that matter most first.
            budget_ms: Milliseconds that may be spent on a CPU.
        """
        if self.device != "cpu":
            return self._read(question, texts)
        found: list[float] = []
        ends = time.perf_counter() + budget_ms / 1000
        while len(found) < len(texts):
            batch = texts[len(found) : len(found) + BATCH_TEXTS]
            left_ms = (ends - time.perf_counter()) * 1000
            affordable = int(left_ms / (self._ms_per_char * max(map(len, batch)) + 1e-9))
            if affordable < 1:
                break
            found += self._read(question, batch[:affordable])
        return found

    def _read(self, question: str, texts: Sequence[str]) -> list[float]:
        torch.set_num_threads(self._threads)
        started = time.perf_counter()
        size = BATCH_TEXTS if self.device == "cpu" else ACCELERATOR_TEXTS
        scores = self._model.predict(
            [(question, text) for text in texts], batch_size=size, show_progress_bar=False
        )
        took_ms = (time.perf_counter() - started) * 1000
        pace = took_ms / max(1, len(texts) * max(map(len, texts), default=1))
        former = self._ms_per_char or pace
        self._ms_per_char = SMOOTHING * pace + (1 - SMOOTHING) * former
        return [float(score) for score in scores]
