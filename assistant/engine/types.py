"""What moves between the parts of the engine, and from the engine to a face."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FinishReason = Literal["stop", "length", "time"]
"""Why an answer ended: the model said so; the token limit or the context was reached; its time was up."""

Thinking = Literal["auto", "on", "off"]
"""Whether a model thinks before it answers, where it can; "auto" leaves it to its makers' default."""

Kind = Literal["thinking", "text", "retract"]
"""What a piece of output is.

`retract` carries no text: everything sent as `text` so far was thinking, as a
mark shows that closes a thought which was never opened.
"""


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of a model's output."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What goes on before the first token; sent when it changes."""

    queued: int
    """Answers that are written before this one is begun."""

    read_share: float
    """How much of the prompt is read, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    """How an answer is to be written."""

    max_tokens: int
    """Longest output, thinking included."""

    temperature: float | None = None
    """0 always takes the likeliest token; `None` for what the model's makers recommend."""

    seed: int | None = None
    """For the same choice of tokens every time."""

    thinking: Thinking = "auto"
    thinking_tokens: int = 0
    """Longest thought; 0 for no limit of its own."""

    time_limit_s: float = 0
    """Longest time from the first token of the prompt to the last of the answer; 0 for no limit."""

    schema: Mapping[str, Any] | None = None
    """JSON schema that the answer must follow; the model does not think then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How many tokens an answer took."""

    prompt_tokens: int
    cached_tokens: int
    """Tokens of the prompt that were still in the cache and were not read again."""

    completion_tokens: int
    drafted_tokens: int = 0
    """Tokens that were guessed ahead and evaluated together."""

    accepted_tokens: int = 0
    """How many of them the model chose too."""

    thinking_tokens: int = 0
    """How many of the completion were thinking."""

    def to_json(self) -> dict[str, Any]:
        """Return the `usage` object of the chat-completions dialect."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
            "completion_tokens_details": {
                "reasoning_tokens": self.thinking_tokens,
                "accepted_prediction_tokens": self.accepted_tokens,
                "rejected_prediction_tokens": self.drafted_tokens - self.accepted_tokens,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The last event of an answer."""

    reason: FinishReason
    usage: Usage
    timings_ms: dict[str, float] = field(default_factory=dict)
    """`queue`, `prompt` (reading it), `generation` (writing the answer), in milliseconds."""

    remarks: tuple[str, ...] = ()
    """What a person should know of this answer, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is chosen."""

    temperature: float = 0.8
    """0 always takes the likeliest token."""

    top_p: float = 0.95
    """Only the likeliest tokens that together have this probability; 1 for all."""

    top_k: int = 40
    """Only this many of the likeliest tokens; 0 for all."""

    min_p: float = 0.0
    """Only tokens at least this likely relative to the likeliest; 0 for all."""

    seed: int | None = None
    """`None` for a different choice every time."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a prompt."""

    text: str
    is_template: bool
    """Whether it is the template's own text, in which control tokens are recognised.

    What people and documents wrote never becomes a control token.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a model can stand on and be computed by."""

    name: str
    kind: Literal["gpu", "igpu", "cpu"]
    """An "igpu" has no memory of its own but a part of the processor's."""

    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What llama.cpp says of a loaded model."""

    architecture: str
    name: str
    """The name in the file's metadata; may be empty."""

    description: str
    """Architecture, size and quantisation in llama.cpp's words: "llama 8B Q4_K - Medium"."""

    template: str
    """The model's own chat template (Jinja); empty if it has none."""

    bos_text: str
    eos_text: str
    context_tokens: int
    """The context that was really given."""

    trained_context_tokens: int
    layers: int
    """Layers that can stand on a GPU, the output layer included."""

    gpu_layers: int
    """How many of them do."""

    device: str
    """What computes: "CPU", or the names of the GPUs."""

    is_gpu_build: bool
    """Whether this build of llama.cpp can use a GPU at all."""

    threads: int
    parameters: int
    size_bytes: int
    kv_type: str = "f16"
    """The numbers that the context is kept in."""

    batch_tokens: int = 512
    """Tokens of a prompt evaluated at a time."""

    gpu_bytes: int = 0
    """Memory of the GPUs that the model and its context take, as measured."""

    planned_gpu_bytes: int = 0
    """The same, as it was planned."""

    expert_layers_on_cpu: int = 0
    """Layers whose experts stand in the computer's own memory, though the layer is on the GPU."""

    remarks: tuple[str, ...] = ()
    """What a person should know of how it was loaded: why it is on the CPU, what had to be smaller."""


class Interrupted(Exception):  # noqa: N818 - an event, not a fault
    """What the model was doing was given up because somebody asked for that."""
