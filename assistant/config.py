"""Every setting of kb: the indexer's sections, the model's, the answer's and the history's."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from indexer.config import IndexerSettings, Section


class ModelSettings(Section):
    """`[model]`: the language model that writes the answers."""

    path: str = ""
    """A GGUF file, or the name of one in the folders below; empty for none."""

    folders: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Folders in which a model is looked for by name, after kb's own."""

    gpu_layers: Annotated[int, Field(ge=-1, le=1000)] = -1
    """Layers to put on the GPU; -1 for as many as fit."""

    context_tokens: Annotated[int, Field(ge=0, le=1_048_576)] = 0
    """Context window, never more than the model was trained on; 0 for what fits the memory."""

    kv_type: Literal["auto", "f16", "q8_0", "q4_0"] = "auto"
    """Numbers that the context is kept in; smaller ones make room for more of it."""

    batch_tokens: Annotated[int, Field(ge=0, le=8192)] = 0
    """Tokens of a prompt evaluated at a time; 0 for what suits the device."""

    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """CPU threads; 0 for all physical cores."""

    draft_path: str = ""
    """A small model of the same family that guesses ahead, by name or path; empty for none."""

    keep_alive_s: Annotated[int, Field(ge=0, le=86_400)] = 600
    """Seconds without a question after which the engine leaves and frees its memory."""

    url: str = ""
    """A model server to ask in place of a GGUF: "http://127.0.0.1:11434/v1" or "unix:/run/llama.sock"."""

    url_model: str = ""
    """The model to ask of that server; empty for its first one."""

    api_key: str = ""
    """What that server wants as a bearer token; empty for nothing."""

    allow_remote: bool = False
    """Whether that server may stand on another machine; your questions and passages then leave this one."""


class AnswerSettings(Section):
    """`[answer]`: how a question is answered."""

    passages: Annotated[int, Field(ge=1, le=50)] = 6
    """Passages given to the model."""

    max_tokens: Annotated[int, Field(ge=16, le=32_768)] = 1024
    """Longest answer, in tokens."""

    temperature: Annotated[float, Field(ge=-1.0, le=2.0, strict=False)] = -1.0
    """0 always takes the likeliest word, higher is freer; -1 for what the model's makers recommend."""

    thinking: Literal["auto", "on", "off"] = "auto"
    """Whether the model thinks before it answers, where it can; "auto" as its makers set it."""

    thinking_tokens: Annotated[int, Field(ge=0, le=131_072)] = 0
    """Longest thought, in tokens; 0 for no limit of its own."""

    time_limit_s: Annotated[int, Field(ge=0, le=86_400)] = 0
    """Longest time to write an answer, in seconds; 0 for no limit."""

    deep_steps: Annotated[int, Field(ge=1, le=20)] = 5
    """Further searches that the model may ask for with `kb ask --deep`."""

    deep_time_s: Annotated[int, Field(ge=1, le=3600)] = 120
    """After how many seconds `kb ask --deep` searches no further, and answers."""


class HistorySettings(Section):
    """`[history]`: the conversations that are kept."""

    keep: bool = True
    """Whether questions and answers are kept; `kb ask --private` keeps none of one question."""

    keep_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """Days after which a conversation that did not go on is deleted; 0 keeps all."""


class TuiSettings(Section):
    """`[tui]`: the terminal app."""

    theme: str = "dark"
    """Its colours: dark, light, contrast, terminal, terminal-light, or the name of a theme of Textual."""

    editor: str = ""
    """What opens text files, such as "code -g {path}:{line}"; empty for $VISUAL or $EDITOR."""

    openers: dict[str, str] = Field(default_factory=dict)
    """What opens other files by ending, such as pdf = "zathura -P {page} {path}"; else the desktop does."""

    keys: dict[str, str] = Field(default_factory=dict)
    """Other keys for what the app does, such as "app.help" = "f1,ctrl+b"; its help shows the names."""


class Settings(IndexerSettings):
    """The whole config file; an unknown section or key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelSettings = ModelSettings()
    answer: AnswerSettings = AnswerSettings()
    history: HistorySettings = HistorySettings()
    tui: TuiSettings = TuiSettings()
