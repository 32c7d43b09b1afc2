"""One loaded model: how it reads a prompt and how it writes what follows.

A `Model` belongs to one thread; only `tokenize`, `count_tokens` and `interrupt` may be called from others.
"""

import ctypes
import hashlib
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.engine.llama import snapshots
from assistant.engine.llama.bindings import llama
from assistant.engine.llama.devices import gpu_names, is_gpu_build
from assistant.engine.llama.drafting import Drafter, DraftModel, LookupDrafter
from assistant.engine.llama.grammar import Grammars
from assistant.engine.llama.pace import LONGEST
from assistant.engine.llama.prefixes import Prefixes
from assistant.engine.llama.sampling import Sampler
from assistant.engine.llama.vocabulary import Vocabulary
from assistant.engine.types import FinishReason, Interrupted, ModelFacts, Piece, Sampling
from indexer.errors import EngineError

BATCH_TOKENS = 512
"""Tokens evaluated at a time; between two batches a prompt can be given up on a GPU."""

_ABORTED = 2
_MAX_KEPT_BYTES = 2 << 30
_FREE_SHARE = 8
"""Of the free memory, copies of earlier prompts take one part in so many."""

_MEASURED_TOKENS = 32
"""Fewer tokens than this say nothing of how fast a model reads."""


class Model:
    """A loaded model with one context.

    Args:
        model: llama.cpp's model; freed by `close`, and if this fails.
        context: llama.cpp's context of that model; likewise.
        gpu_layers: Layers on the GPU, and layers in all.
        threads: CPU threads in use.
        snapshot: Where the state behind a prompt may be kept for the next start.
        draft: A small model with the same vocabulary that guesses ahead.
        batch_tokens: Tokens evaluated at a time; no more than the context was made for.
        identity: Names the model's file and its version, for the snapshot.

    Raises:
        ModelFileError: If `draft` cannot be loaded or does not fit.
    """

    def __init__(
        self,
        model: Any,
        context: Any,
        *,
        gpu_layers: tuple[int, int],
        threads: int,
        snapshot: Path | None = None,
        draft: Path | None = None,
        batch_tokens: int = BATCH_TOKENS,
        identity: str = "",
    ) -> None:
        self._model = model
        self._context = context
        vocab = llama.llama_model_get_vocab(model)
        self._vocabulary = Vocabulary(model, template=self._metadata("tokenizer.chat_template"))
        self._grammars = Grammars(vocab, self._vocabulary)
        self.prefixes = Prefixes(model, context, room_bytes=_room_for_copies)
        self._batch_tokens = batch_tokens
        self._tokens = (llama.llama_token * max(batch_tokens, LONGEST + 1))()
        # without positions and sequences llama.cpp goes on behind what sequence 0 holds.
        self._batch = llama.llama_batch(token=self._tokens)
        self._all_rows = (ctypes.c_int8 * (LONGEST + 1))(*[1] * (LONGEST + 1))
        self.speculation = (0, 0)
        """Tokens that were guessed ahead in the last answer, and how many of them the model chose too."""

        self._interrupt = ctypes.create_string_buffer(2)
        # llama.cpp asks after every step of the graph whether to give up. `strlen` answers from a buffer, 0
        # while it is empty; a Python function would take the interpreter's lock a thousand times a token.
        self._abort = ctypes.cast(ctypes.CDLL(None).strlen, llama.ggml_abort_callback)
        llama.llama_set_abort_callback(context, self._abort, ctypes.cast(self._interrupt, ctypes.c_void_p))
        self.facts = self._describe(gpu_layers, threads)
        self._snapshot = snapshot
        self.is_private = False
        """Whether what stands in its memory may not be written to the disk."""

        self._identity = self._identify(identity)
        if snapshot is not None and (kept := snapshots.open_snapshot(snapshot, identity=self._identity)):
            self.prefixes.add(kept)
        self.drafters: list[Drafter] = []
        """What guesses ahead, the surest first; none in models that cannot take a wrong guess back."""

        if self.prefixes.can_cut:
            self.drafters.append(LookupDrafter())
            if draft is not None:
                self.drafters.append(self._load_draft(draft, gpu_layers[0]))

    def close(self) -> None:
        """Free the model; nothing may be called afterwards."""
        if (
            self._snapshot is not None
            and not self.is_private
            and (kept := self.prefixes.copy_for_next_start())
        ):
            snapshots.save(self._snapshot, kept, identity=self._identity)
        for drafter in self.drafters:
            drafter.close()
        self._free()

    def interrupt(self) -> None:
        """Make what the model is doing now end with `Interrupted`, in the middle of a batch where it can."""
        self._interrupt.value = b"x"

    def clear_interrupt(self) -> None:
        """Take back `interrupt`, before the next piece of work."""
        self._interrupt.value = b""

    def settle(self) -> None:
        """Use a quiet moment for what would otherwise hold up the next prompt."""
        self.prefixes.settle()

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text that holds no control tokens."""
        return self._vocabulary.count(text)

    def tokenize(self, pieces: Iterable[Piece]) -> list[int]:
        """Turn a prompt into tokens; only the template's own text yields control tokens."""
        return self._vocabulary.tokenize(pieces)

    def read(self, prompt: Sequence[int], on_progress: Callable[[int], None] | None = None) -> int:
        """Evaluate a prompt, as far as it is not kept from earlier ones.

        Args:
            prompt: At least 1 token, and fewer than the context holds.
            on_progress: Is told after every batch how many tokens of the prompt are evaluated by now.

        Returns:
            How many of its tokens were kept.

        Raises:
            Interrupted: On `interrupt`.
            EngineError: If llama.cpp fails.
        """
        start = reused = self.prefixes.recall(prompt)
        began = time.perf_counter()
        while start < len(prompt):
            end = min(self.prefixes.next_stop(start, self._batch_tokens), len(prompt))
            self._evaluate(prompt[start:end])
            self.prefixes.reach(end)
            start = end
            if on_progress is not None:
                on_progress(end)
        if len(prompt) - reused >= _MEASURED_TOKENS:
            llama.llama_synchronize(self._context)
            self.prefixes.read_s = (time.perf_counter() - began) / (len(prompt) - reused)
        return reused

    def write(
        self, sampling: Sampling, *, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Generator[tuple[bytes, bool], Sequence[int] | None, FinishReason]:
        """Generate what follows the prompt that was read.

        Args:
            sampling: How tokens are chosen.
            max_tokens: Longest answer, at least 1; tokens that are sent do not count.
            schema: JSON schema that the answer follows, from its first token to its last.

        Yields:
            The bytes of every token, and whether it is a control token. A character may be spread over
            several. Tokens that are sent in return are read as if the model had written them next; they are
            not yielded, and a schema takes no notice of them.

        Returns:
            Why it ended.

        Raises:
            Interrupted: On `interrupt`.
            EngineError: If llama.cpp fails.
            UsageError: If nothing can follow the schema.
        """
        self.speculation = (0, 0)
        grammar = None if schema is None else self._grammars.begin(schema)
        sampler = Sampler(self._context, sampling, grammar)
        held = self.prefixes.tokens
        try:
            for drafter in self.drafters:
                drafter.begin(held)
            # all but the last are evaluated already.
            chosen = [sampler.choose(-1)]
            self._tell_drafters(chosen)
            written = 0
            while True:
                for index, token in enumerate(chosen):
                    if self._vocabulary.is_end(token):
                        return "stop"
                    known = self._vocabulary.look_up(token)
                    sent = yield known.data, known.is_control
                    written += 1
                    if sent:
                        self.prefixes.cut(len(held) - (len(chosen) - 1 - index))
                        break
                is_complete = sampler.is_complete
                if written >= max_tokens and not is_complete:
                    return "length"
                if is_complete:
                    return "stop"
                room = self.facts.context_tokens - len(held) - 1
                if room < len(sent or ()):
                    return "length"
                if sent:
                    self._go_on_from([token, *sent])
                    chosen = [sampler.choose(-1)]
                    self._tell_drafters(chosen)
                else:
                    chosen = self._step(token, sampler, min(room, max_tokens - written - 1))
        finally:
            sampler.close()

    def _step(self, token: int, sampler: Sampler, limit: int) -> list[int]:
        """Evaluate a token, and with it what may come next; return what does.

        Args:
            token: The last token of the answer so far.
            sampler: Chooses the next ones.
            limit: Most tokens to guess.
        """
        began = time.perf_counter()
        for drafter in self.drafters:
            guesses = self._until_end(drafter.guess()[:limit])
            if guesses:
                return self._verify(token, guesses, sampler, drafter, began)
        began = time.perf_counter()
        self._evaluate((token,))
        chosen = [sampler.choose(-1)]
        took_s = time.perf_counter() - began
        for drafter in self.drafters:
            drafter.pace.note(0, 0, took_s)
            drafter.watch(chosen[0])
        self._tell_drafters(chosen)
        return chosen

    def _verify(
        self, token: int, guesses: Sequence[int], sampler: Sampler, drafter: Drafter, began: float
    ) -> list[int]:
        """Evaluate guesses behind a token, and choose as if they were not known until one is wrong."""
        before = len(self.prefixes.tokens)
        self._evaluate((token, *guesses), all_rows=True)
        chosen: list[int] = []
        for row in range(len(guesses) + 1):
            chosen.append(sampler.choose(row))
            if sampler.is_complete or row == len(guesses) or chosen[-1] != guesses[row]:
                break
        accepted = len(chosen) - 1
        if accepted < len(guesses):
            self.prefixes.cut(before + 1 + accepted)
        drafter.pace.note(len(guesses), accepted, time.perf_counter() - began)
        drafted, true = self.speculation
        self.speculation = (drafted + len(guesses), true + accepted)
        self._tell_drafters(chosen)
        return chosen

    def _go_on_from(self, tokens: Sequence[int]) -> None:
        """Evaluate tokens that were not chosen."""
        for start in range(0, len(tokens), self._batch_tokens):
            self._evaluate(tokens[start : start + self._batch_tokens])
        for drafter in self.drafters:
            drafter.begin(self.prefixes.tokens)

    def _tell_drafters(self, chosen: Sequence[int]) -> None:
        for drafter in self.drafters:
            drafter.extend(chosen)

    def _until_end(self, guesses: list[int]) -> list[int]:
        """Leave out what ends an answer and all behind it; the model chooses its end by itself."""
        for index, token in enumerate(guesses):
            if self._vocabulary.is_end(token):
                return guesses[:index]
        return guesses

    def _evaluate(self, tokens: Sequence[int], *, all_rows: bool = False) -> None:
        """Evaluate tokens behind what the memory holds.

        Args:
            tokens: No more than a batch.
            all_rows: Whether there shall be scores behind every token, or only behind the last.
        """
        if self._interrupt.value:
            raise Interrupted
        count = len(tokens)
        self._tokens[:count] = tokens
        self._batch.n_tokens = count
        self._batch.logits = self._all_rows if all_rows else None
        code = llama.llama_decode(self._context, self._batch)
        held = self.prefixes.tokens
        if code == 0:
            held += tokens
            return
        self.prefixes.cut(len(held))
        if code == _ABORTED:
            raise Interrupted
        raise EngineError(f"llama.cpp could not evaluate {count} tokens (code {code})")

    def _load_draft(self, path: Path, gpu_layers: int) -> DraftModel:
        try:
            draft = DraftModel(
                path,
                self._model,
                context_tokens=self.facts.context_tokens,
                threads=self.facts.threads,
                gpu_layers=-1 if gpu_layers else 0,
            )
        except BaseException:
            self._free()
            raise
        draft.interrupt_by(self._abort, self._interrupt)
        return draft

    def _free(self) -> None:
        self._grammars.close()
        llama.llama_free(self._context)
        llama.llama_model_free(self._model)

    def _identify(self, file: str) -> str:
        """Name all that a state depends on."""
        facts = self.facts
        parts = [file, facts.description, facts.name, facts.parameters, facts.size_bytes, facts.template]
        parts += [llama.llama_version(), llama.llama_print_system_info(), facts.gpu_layers]
        return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()

    def _describe(self, gpu_layers: tuple[int, int], threads: int) -> ModelFacts:
        given, total = gpu_layers
        description = ctypes.create_string_buffer(256)
        llama.llama_model_desc(self._model, description, 256)
        return ModelFacts(
            architecture=self._metadata("general.architecture"),
            name=self._metadata("general.name"),
            description=description.value.decode("utf-8", "replace"),
            template=self._metadata("tokenizer.chat_template"),
            bos_text=self._vocabulary.bos_text,
            eos_text=self._vocabulary.eos_text,
            context_tokens=llama.llama_n_ctx(self._context),
            trained_context_tokens=llama.llama_model_n_ctx_train(self._model),
            layers=total,
            gpu_layers=given,
            device=(gpu_names() or "GPU") if given else "CPU",
            is_gpu_build=is_gpu_build(),
            threads=threads,
            parameters=llama.llama_model_n_params(self._model),
            size_bytes=llama.llama_model_size(self._model),
        )

    def _metadata(self, key: str) -> str:
        size = 256
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = llama.llama_model_meta_val_str(self._model, key.encode(), buffer, size)
            if length < size:
                return buffer.value.decode("utf-8", "replace") if length > 0 else ""
            size = length + 1


def _room_for_copies() -> int:
    # deferred: nothing is copied before a second conversation begins.
    import psutil

    return min(_MAX_KEPT_BYTES, psutil.virtual_memory().available // _FREE_SHARE)
