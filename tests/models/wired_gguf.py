"""Tiny GGUF models whose weights are set by hand, for tests of the engine.

A scripted model knows by heart which token follows which, whatever the prompt:
its embeddings are one-hot, its layers add nothing, and its output matrix is the
table. A random model has random weights, so that what it writes depends on
every token it read. Both are Llama models with a byte-level vocabulary and a
ChatML template, load in milliseconds and are the same on every machine.
"""

import itertools
from collections.abc import Container, Sequence
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

WIDTH = 384
"""Numbers in a hidden state; one for each token of the vocabulary and some to spare."""

HEADS = 6
HIDDEN = 64

CHATML = (
    "{% for message in messages %}"
    "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTROL = ("<|im_start|>", "<|im_end|>", "<|mark|>")
END = CONTROL.index("<|im_end|>")


def write_scripted_model(
    path: Path,
    script: Sequence[str | bytes],
    *,
    is_endless: bool = False,
    layers: int = 1,
    template: str = CHATML,
    are_marks_control: bool = True,
    more_marks: Sequence[str] = (),
) -> Path:
    """Write a model that answers everything with the same tokens.

    Args:
        path: Where the GGUF goes.
        script: The tokens of the answer, no two alike, none of them a line break; a control token by name.
        is_endless: Begin again after the last token, instead of ending the answer.
        layers: Layers that compute and add nothing; they only take time.
        template: The chat template; the prompt it renders must end with a line break.
        are_marks_control: Whether the file calls the template's marks control tokens, or "user-defined" ones.
        more_marks: Tokens of the script that are marks too.
    """
    vocabulary, ids = _vocabulary(script, more_marks)
    embedding = np.zeros((len(vocabulary), WIDTH), np.float16)
    embedding[np.arange(len(vocabulary)), np.arange(len(vocabulary))] = 1
    output = np.zeros_like(embedding)
    chain = [len(CONTROL) + ord("\n"), *ids, ids[0] if is_endless else END]
    for token, following in itertools.pairwise(chain):
        output[following, token] = 4
    weights = {name: np.zeros(shape, np.float16) for name, shape in _layer_shapes(layers).items()}
    weights |= {"token_embd.weight": embedding, "output.weight": output}
    marks = {*CONTROL, *more_marks}
    return _write(path, vocabulary, weights, template, are_marks_control=are_marks_control, marks=marks)


def write_random_model(path: Path, *, seed: int = 1, layers: int = 2, template: str = CHATML) -> Path:
    """Write a model that babbles in lower-case letters and never ends an answer by itself."""
    numbers = np.random.default_rng(seed)
    vocabulary, _ = _vocabulary(())
    shapes = {"token_embd.weight": (len(vocabulary), WIDTH), **_layer_shapes(layers)}
    weights = {name: numbers.normal(0, 0.08, shape).astype(np.float16) for name, shape in shapes.items()}
    output = np.zeros((len(vocabulary), WIDTH), np.float16)
    letters = slice(len(CONTROL) + ord("a"), len(CONTROL) + ord("z") + 1)
    output[letters] = numbers.normal(0, 1, output[letters].shape)
    return _write(path, vocabulary, {**weights, "output.weight": output}, template)


def _vocabulary(script: Sequence[str | bytes], more_marks: Sequence[str] = ()) -> tuple[list[str], list[int]]:
    """Return the vocabulary in the file's own spelling, and the ids of the script's tokens."""
    spelling = byte_spelling()
    vocabulary = [*CONTROL, *spelling, spelling[ord("t")] + spelling[ord("h")]]
    ids = []
    for token in script:
        data = token if isinstance(token, bytes) else token.encode()
        spelled = (
            token
            if isinstance(token, str) and token in (*CONTROL, *more_marks)
            else "".join(spelling[byte] for byte in data)
        )
        if spelled not in vocabulary:
            vocabulary.append(spelled)
        ids.append(vocabulary.index(spelled))
    if len(set(ids)) < len(ids):
        raise ValueError("every token of a script needs exactly one follower")
    return vocabulary, ids


def byte_spelling() -> list[str]:
    """Spell every byte as one printable character, as byte-level vocabularies do."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    spare = iter(range(256, 512))
    return [chr(byte) if byte in shown else chr(next(spare)) for byte in range(256)]


def _layer_shapes(layers: int) -> dict[str, tuple[int, int]]:
    head = WIDTH // HEADS
    shapes = {
        "attn_q": (WIDTH, WIDTH),
        "attn_k": (head, WIDTH),
        "attn_v": (head, WIDTH),
        "attn_output": (WIDTH, WIDTH),
        "ffn_gate": (HIDDEN, WIDTH),
        "ffn_up": (HIDDEN, WIDTH),
        "ffn_down": (WIDTH, HIDDEN),
    }
    return {f"blk.{layer}.{name}.weight": shape for layer in range(layers) for name, shape in shapes.items()}


def _write(
    path: Path,
    vocabulary: Sequence[str],
    weights: dict[str, npt.NDArray[np.float16]],
    template: str,
    *,
    are_marks_control: bool = True,
    marks: Container[str] = CONTROL,
) -> Path:
    layers = sum(name.endswith("attn_q.weight") for name in weights)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("wired")
    writer.add_context_length(8192)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_block_count(layers)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(vocabulary)
    mark = gguf.TokenType.CONTROL if are_marks_control else gguf.TokenType.USER_DEFINED
    writer.add_token_types([mark if token in marks else gguf.TokenType.NORMAL for token in vocabulary])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(END)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)
    norms = ["output_norm", *(f"blk.{n}.{kind}_norm" for n in range(layers) for kind in ("attn", "ffn"))]
    for name in norms:
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
    for name, values in weights.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
