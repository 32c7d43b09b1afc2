"""Shape, vocabulary and template → a GGUF."""

import re
import tempfile
from pathlib import Path
from typing import Any, Literal

import gguf

from tests.models.shapes.dialects import DIALECTS
from tests.models.shapes.shape import Shape, Size
from tests.models.shapes.table import SHAPES
from tests.models.shapes.tensors import list_tensors
from tests.models.shapes.vocabulary import Field, copied_vocabulary, own_vocabulary
from tests.models.shapes.weights import is_matrix, random_weights

_OPTIONAL = re.compile(
    r"blk\.\d+\.(attn_(q|k|v|qkv|output)|ffn_(gate|up|down))\.bias|output\.bias|cls\b.*|dense_\d.*"
    r"|rope_(freqs|factors_\w+)\.weight|.*\.(rope_freqs|rope_factors_\w+)\.weight|.*\.(input_)?scale"
)
"""What llama.cpp takes where a model has it, and most do not."""


def write_shape(
    folder: Path,
    name: str,
    *,
    vocabulary: Path | None = None,
    template: str | None = None,
    layers: int | None = None,
    width: int | None = None,
    seed: int = 1,
    weights: Literal["f16", "q8_0"] = "f16",
    without: str = "",
    called: str = "tiny",
) -> Path:
    """Write a tiny model in the shape of an architecture.

    Args:
        folder: Gets `<name>.gguf`.
        name: One of `SHAPES`.
        vocabulary: GGUF whose vocabulary is copied; a small one of our own if left out.
        template: Chat template; a short one in the family's dialect if left out.
        layers: As many as cover every kind of layer that the architecture has, if left out.
        width: Of a hidden state, a multiple of 128; 128 if left out.
        seed: Other weights for every seed.
        weights: How the matrices are stored.
        without: A tensor that is left out, though the model needs it.
        called: What the file says that the model is called.
    """
    shape = SHAPES[name]
    size = Size(layers=layers or shape.layers, width=width or 128)
    dialect = DIALECTS[shape.dialect]
    words = copied_vocabulary(vocabulary, dialect) if vocabulary else own_vocabulary(dialect)
    fields = [
        Field("general.name", called, gguf.GGUFValueType.STRING),
        *_fields(shape, size, len(words.tokens)),
        *words.fields,
        Field(
            "tokenizer.chat_template",
            dialect.template if template is None else template,
            gguf.GGUFValueType.STRING,
        ),
    ]
    file = folder / f"{name}.gguf"
    # tensors depend on how many tokens there are, not on what they spell.
    no_words = Field("tokenizer.ggml.model", "none", gguf.GGUFValueType.STRING)
    with tempfile.TemporaryDirectory() as place:
        said = _fields(shape, size, len(words.tokens))
        writer = _open_writer(Path(place) / "head.gguf", shape, [*said, no_words])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        tensors = list_tensors(Path(place) / "head.gguf")
    writer = _open_writer(file, shape, fields)
    wordy = words.words
    for tensor, sizes in tensors.items():
        if tensor != without and _is_wanted(tensor, shape):
            values = random_weights(
                tensor,
                sizes,
                words=wordy,
                layers=size.layers,
                seed=seed,
                is_tied=shape.is_tied,
                is_unscaled=shape.is_unscaled,
            )
            _add(writer, tensor, values, is_quantised=weights == "q8_0")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _is_wanted(tensor: str, shape: Shape) -> bool:
    if shape.is_tied and tensor == "output.weight":
        return False
    if shape.keeps and re.fullmatch(shape.keeps, tensor):
        return True
    return not (_OPTIONAL.fullmatch(tensor) or (shape.drops and re.fullmatch(shape.drops, tensor)))


def _fields(shape: Shape, size: Size, tokens: int) -> list[Field]:
    """Write what the table says as entries of the file."""
    fields = []
    for key, value in shape.metadata(size, tokens).items():
        first = value[0] if isinstance(value, tuple) else value
        kind = (
            gguf.GGUFValueType.BOOL
            if isinstance(first, bool)
            else gguf.GGUFValueType.UINT32
            if isinstance(first, int) and first < 2**32
            else gguf.GGUFValueType.get_type(first)
        )
        name = f"{shape.architecture}.{key}"
        if isinstance(value, tuple):
            fields.append(Field(name, list(value), gguf.GGUFValueType.ARRAY, kind))
        else:
            fields.append(Field(name, value, kind))
    return fields


def _open_writer(file: Path, shape: Shape, fields: list[Field]) -> gguf.GGUFWriter:
    writer = gguf.GGUFWriter(file, shape.architecture)
    for field in fields:
        writer.add_key_value(field.name, field.value, field.kind, field.element)
    return writer


def _add(writer: gguf.GGUFWriter, name: str, values: Any, *, is_quantised: bool) -> None:
    if is_quantised and is_matrix(name, values.shape) and values.shape[-1] % 32 == 0:
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(values.astype("float32"), kind), raw_dtype=kind)
    else:
        writer.add_tensor(name, values)
