"""What an answer of the chat-completions dialect says, as its reader sees it."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from assistant.engine.types import Delta, Finished, FinishReason, Progress, Usage
from indexer.errors import EngineError, KbError, UsageError


def read_chunk(chunk: Mapping[str, Any]) -> Iterator[Delta | Progress | Finished]:
    """Read one event of a stream of ours.

    Raises:
        KbError: The error that it tells of.
    """
    if "error" in chunk:
        raise read_error(chunk)
    if progress := chunk.get("progress"):
        yield Progress(queued=progress["queued"], read_share=progress["read_share"])
    for choice in chunk["choices"]:
        yield from read_deltas(choice["delta"])
        if choice["finish_reason"]:
            yield read_finished(chunk, choice["finish_reason"])


def read_deltas(delta: Mapping[str, Any]) -> Iterator[Delta]:
    """Read the pieces of an answer."""
    if delta.get("retract"):
        yield Delta("retract", "")
    if text := delta.get("reasoning_content"):
        yield Delta("thinking", text)
    if text := delta.get("content"):
        yield Delta("text", text)


def read_finished(chunk: Mapping[str, Any], reason: str) -> Finished:
    """Read how an answer ended; what other servers leave out is 0."""
    usage = chunk.get("usage") or {}
    details = usage.get("completion_tokens_details") or {}
    accepted = details.get("accepted_prediction_tokens") or 0
    reason = chunk.get("ended_by", reason)
    known: FinishReason = next((each for each in get_args(FinishReason) if each == reason), "stop")
    return Finished(
        reason=known,
        usage=Usage(
            prompt_tokens=usage.get("prompt_tokens") or 0,
            cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
            completion_tokens=usage.get("completion_tokens") or 0,
            thinking_tokens=details.get("reasoning_tokens") or 0,
            drafted_tokens=accepted + (details.get("rejected_prediction_tokens") or 0),
            accepted_tokens=accepted,
        ),
        timings_ms=chunk.get("timings") or {},
    )


def read_error(body: Mapping[str, Any]) -> KbError:
    """Make the error that an engine sent, as the class it was there."""
    error = body.get("error") or {}
    kinds: list[type[KbError]] = [UsageError, EngineError, *EngineError.__subclasses__()]
    kind = next((kind for kind in kinds if kind.__name__ == error.get("kind")), EngineError)
    return kind(error.get("message", "the engine failed"), hint=error.get("hint", ""))
