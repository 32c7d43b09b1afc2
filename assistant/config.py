"""Every setting of kb: the indexer's sections, the model's and the answer's."""

from typing import Annotated

from pydantic import ConfigDict, Field

from indexer.config import IndexerSettings, Section


class ModelSettings(Section):
    """`[model]`: the language model that writes the answers."""

    path: str = ""
    """A GGUF file, or the name of one in the folders below; empty for none."""

    folders: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Folders in which a model is looked for by name, after kb's own."""

    gpu_layers: Annotated[int, Field(ge=-1, le=1000)] = -1
    """Layers to put on the GPU; -1 for all, where llama.cpp was built for one."""

    context_tokens: Annotated[int, Field(ge=512, le=1_048_576)] = 8192
    """Context window to ask for; never more than the model was trained on."""

    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """CPU threads; 0 for all physical cores."""

    keep_alive_s: Annotated[int, Field(ge=0, le=86_400)] = 600
    """Seconds without a question after which the engine leaves and frees its memory."""


class AnswerSettings(Section):
    """`[answer]`: how a question is answered."""

    passages: Annotated[int, Field(ge=1, le=50)] = 6
    """Passages given to the model."""

    max_tokens: Annotated[int, Field(ge=16, le=32_768)] = 1024
    """Longest answer, in tokens."""

    temperature: Annotated[float, Field(ge=0.0, le=2.0, strict=False)] = 0.2
    """0 always takes the likeliest word; higher is freer."""


class Settings(IndexerSettings):
    """The whole config file; an unknown section or key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelSettings = ModelSettings()
    answer: AnswerSettings = AnswerSettings()
