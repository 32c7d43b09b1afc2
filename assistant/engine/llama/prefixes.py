"""What stands in a context's memory, and what of earlier prompts is kept beside it.

The context holds one text at a time. What other conversations left behind is
copied out, not kept as further sequences in the same context: attention
would walk over their cells at every token, and the models that cannot cut a
text back (recurrent layers, sliding windows) need a copy anyway.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.engine.llama import states
from assistant.engine.llama.bindings import llama
from assistant.engine.llama.states import Checkpoint, Copy

MAX_SNAPSHOT_BYTES = 1 << 30
_MAX_CHECKPOINTS = 4
_TAILS = (128, 16)
"""So long before the end of a prompt it may come to differ: by its question, or by how a template ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrift:
    """What is worth keeping."""

    least_tokens: int = 128
    """Fewer tokens than this are sooner read again."""

    margin: float = 3
    """Keeping must save so many times what it costs."""

    added_s: float = 0.01
    """What copying may add to the time to the first token, beside 1 % of it."""

    share: float = 0.01
    least_snapshot_s: float = 0.5
    """What reading a prompt must take at least for it to be kept in a file."""

    disk_bytes_s: float = 5e8
    """Rate at which files are read, if the disk is slow."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A text that a model has read, and what it made of it."""

    tokens: list[int]
    lowest: int
    """Lowest position that sliding windows still hold."""

    checkpoints: tuple[Checkpoint, ...]
    load: Callable[[], Copy | None] = field(compare=False)
    """Gives the state; `None` if it is damaged."""

    size_bytes: int = 0
    """What it takes of the memory."""


class Prefixes:
    """The text in a context's memory, and others.

    Args:
        model: llama.cpp's model.
        context: Its context; sequence 0 is used.
        room_bytes: Says how much memory copies may take at the moment.
    """

    def __init__(self, model: Any, context: Any, *, room_bytes: Callable[[], int]) -> None:
        self.tokens: list[int] = []
        """What stands in the context's memory."""

        self.thrift = Thrift()
        self.can_cut = not (llama.llama_model_is_recurrent(model) or llama.llama_model_is_hybrid(model))
        """Whether the model can forget the end of a text without forgetting all of it."""

        self.read_s = 0.0
        """Time to read one token of a prompt; 0 until it is measured."""

        self.context = context
        self._memory = llama.llama_get_memory(context)
        self._window = max(0, llama.llama_model_n_swa(model))
        self.room_bytes = room_bytes
        self._checkpoints: list[Checkpoint] = []
        self._kept: list[Kept] = []
        """Least recently used first."""

        self._prompt_length = 0
        self._copied_bytes_s = 2e9
        self._stops: list[int] = []

    def recall(self, prompt: Sequence[int]) -> int:
        """Make the memory hold as much as possible of the beginning of a prompt, and nothing else.

        The last token is left out, because what follows is chosen from its scores.

        Returns:
            How many tokens it holds.
        """
        wanted = list(prompt[:-1])
        alike = [shared_length(self.tokens, wanted)]
        live, checkpoint = self._usable(self.tokens, alike[0], self._lowest(), self._checkpoints)
        best: Kept | None = None
        best_length = live + self.thrift.least_tokens - 1
        for kept in self._kept:
            alike.append(shared_length(kept.tokens, wanted))
            length, _ = self._usable(kept.tokens, alike[-1], kept.lowest, kept.checkpoints)
            if length > best_length:
                best, best_length = kept, length
        expected_s = (len(prompt) - best_length) * self.read_s
        patience_s = self.thrift.added_s + self.thrift.share * expected_s
        self._keep_what_is_lost(live if best is None else 0, patience_s=patience_s)
        if best is None:
            length = self.cut(live, checkpoint)
        elif self._restore(best):
            length = self.cut(*self._usable(self.tokens, best_length, self._lowest(), self._checkpoints))
        else:
            length = 0
        self._prompt_length = len(prompt)
        self._plan_stops(prompt, length, max(alike))
        return length

    def next_stop(self, start: int, batch_tokens: int) -> int:
        """Return where the batch that begins at `start` ends, so that a checkpoint can be made there."""
        stops = [stop for stop in self._stops if start < stop <= start + batch_tokens]
        return min(stops, default=start + batch_tokens)

    def reach(self, length: int) -> None:
        """Make a checkpoint if one is planned behind this many tokens."""
        if length not in self._stops:
            return
        size = states.size_of(self.context, states.PARTIAL)
        patience_s = self.thrift.added_s + self.thrift.share * length * self.read_s
        is_dear = self.read_s > 0 and size / self._copied_bytes_s > patience_s
        if is_dear or size * _MAX_CHECKPOINTS > self.room_bytes():
            return
        started = time.perf_counter()
        if (data := states.copy_out(self.context, states.PARTIAL)) is None:
            return
        self._note_copy(len(data), started)
        self._checkpoints.append(Checkpoint(length, self._lowest(), data))
        if len(self._checkpoints) > _MAX_CHECKPOINTS:
            # the first is where conversations part, the last where this one goes on.
            del self._checkpoints[1]

    def cut(self, length: int, checkpoint: Checkpoint | None = None) -> int:
        """Forget what comes after `length` tokens; what is left may be less.

        Args:
            length: Tokens to keep.
            checkpoint: What to go back to, in models that need it.
        """
        if checkpoint is None and not llama.llama_memory_seq_rm(self._memory, 0, length, -1):
            fitting = [each for each in self._checkpoints if each.length <= length]
            checkpoint = max(fitting, key=lambda each: each.length, default=None)
            if checkpoint is None:
                self.clear()
                return 0
        if checkpoint is not None:
            length = checkpoint.length
            is_back = states.copy_in(self.context, checkpoint.data, states.PARTIAL)
            if not is_back or not llama.llama_memory_seq_rm(self._memory, 0, length, -1):
                self.clear()
                return 0
        del self.tokens[length:]
        self._checkpoints = [each for each in self._checkpoints if each.length <= length]
        return length

    def clear(self) -> None:
        """Forget the text in the context's memory."""
        llama.llama_memory_clear(self._memory, True)
        self.tokens.clear()
        self._checkpoints.clear()

    def settle(self) -> None:
        """Use a quiet moment for what would otherwise hold up the next prompt."""
        cost_s = self._copy_s()
        if cost_s > self.thrift.added_s + self.thrift.share * self._prompt_length * self.read_s:
            self._keep_what_is_lost(0, patience_s=float("inf"))

    def add(self, kept: Kept) -> None:
        """Add a text as the most recently used, and give up others that there is no room for."""
        self._kept = [
            each for each in self._kept if shared_length(each.tokens, kept.tokens) < len(each.tokens)
        ]
        self._kept.append(kept)
        room = self.room_bytes()
        while self._kept and sum(each.size_bytes for each in self._kept) > room:
            del self._kept[0]

    def copy_for_next_start(self) -> Kept | None:
        """Copy what stands in the memory if it is sooner loaded from a file than read again."""
        size = states.size_of(self.context)
        length = min(self._prompt_length, len(self.tokens))
        load_s = self.thrift.least_snapshot_s + self.thrift.margin * size / self.thrift.disk_bytes_s
        if size > MAX_SNAPSHOT_BYTES or length < self.thrift.least_tokens or length * self.read_s < load_s:
            return None
        return self.copy()

    def copy(self) -> Kept | None:
        """Copy what stands in the memory; `None` if llama.cpp fails."""
        started = time.perf_counter()
        if (data := states.copy_out(self.context)) is None:
            return None
        self._note_copy(len(data), started)
        checkpoints = tuple(self._checkpoints)
        size = len(data) + sum(len(each.data) for each in checkpoints)
        # of a sliding window llama.cpp copies what the last token sees, even if the memory holds more.
        lowest = max(self._lowest(), len(self.tokens) - self._window) if self._window else 0
        return Kept(list(self.tokens), lowest, checkpoints, lambda: data, size)

    def _keep_what_is_lost(self, left: int, *, patience_s: float) -> None:
        """Copy the memory if so much of its prompt comes after the first `left` tokens that it pays.

        Args:
            left: Tokens that stay in the memory.
            patience_s: What copying may take.
        """
        # an answer is not counted: no prompt may ever hold it in just these tokens.
        length = min(self._prompt_length, len(self.tokens))
        lost = length - left
        if lost < self.thrift.least_tokens or any(
            shared_length(each.tokens, self.tokens) >= length for each in self._kept
        ):
            return
        cost_s = self._copy_s()
        pays = lost * self.read_s >= self.thrift.margin * cost_s
        if pays and cost_s <= patience_s and (kept := self.copy()):
            self.add(kept)

    def _restore(self, kept: Kept) -> bool:
        """Put a text back into the memory."""
        self._kept = [each for each in self._kept if each is not kept]
        started = time.perf_counter()
        self.clear()
        data = kept.load()
        if data is None or not states.copy_in(self.context, data):
            self.clear()
            return False
        self._note_copy(len(data), started)
        self.tokens = list(kept.tokens)
        self._checkpoints = list(kept.checkpoints)
        if kept.size_bytes:
            self._kept.append(kept)
        return True

    def _plan_stops(self, prompt: Sequence[int], start: int, branch: int) -> None:
        """Choose where to make checkpoints: where other texts part from this one, and near its end."""
        self._stops = []
        if self.can_cut and not self._window:
            return
        least = start + self.thrift.least_tokens
        stops = [branch, *(len(prompt) - tail for tail in _TAILS)]
        if len(prompt) >= least:
            self._stops = [stop for stop in stops if stop > start + self.thrift.least_tokens // 2]

    def _usable(
        self, tokens: Sequence[int], shared: int, lowest: int, checkpoints: Sequence[Checkpoint]
    ) -> tuple[int, Checkpoint | None]:
        """Return how much of a text can be kept of which the first `shared` tokens are wanted."""
        if shared == len(tokens) or (self.can_cut and lowest <= max(0, shared - self._window)):
            return shared, None
        fitting = [each for each in checkpoints if each.length <= shared]
        last = max(fitting, key=lambda each: each.length, default=None)
        return (last.length, last) if last else (0, None)

    def _lowest(self) -> int:
        return int(llama.llama_memory_seq_pos_min(self._memory, 0)) if self._window else 0

    def _copy_s(self) -> float:
        return states.size_of(self.context) / self._copied_bytes_s

    def _note_copy(self, size: int, started: float) -> None:
        rate = size / max(time.perf_counter() - started, 1e-6)
        self._copied_bytes_s += 0.5 * (rate - self._copied_bytes_s)


def shared_length(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many tokens two texts begin with alike."""
    low, high = 0, min(len(left), len(right))
    # comparing slices is done in C; most texts differ either early or not at all.
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
