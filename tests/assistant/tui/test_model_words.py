"""What the models screen says in words."""

from pathlib import Path

import pytest

from assistant.engine.models import ModelFile, Shelf, Verdict
from assistant.engine.models.cards import Card
from assistant.engine.models.library import Entry
from assistant.tui.model_words import engine_work, nothing_found, shown_entries, table
from assistant.tui.state import EngineState

LOADED = {
    "layers": 36,
    "gpu_layers": 36,
    "gpu_bytes": 5_200_000_000,
    "context_tokens": 8192,
    "trained_context_tokens": 40960,
    "kv_type": "f16",
}


def entry(name: str, *, kind: str = "chat", loads: bool | None = True) -> Entry:
    verdict = None if loads is None else Verdict(loads=loads, reason="" if loads else "odd", llama_cpp="1")
    file = ModelFile(path=Path(f"/m/{name}.gguf"), name=name, program="kb")
    return Entry(card=Card(file=file, kind=kind, quantisation="Q4_K_M"), verdict=verdict)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "line", "detail"),
    [
        (EngineState(kind="none"), "○ no model answers", "Enter on a model takes it"),
        (EngineState(kind="asleep", model="q.gguf"), "○ q.gguf is not loaded", "the next question loads it"),
        (EngineState(kind="loading", model="q.gguf", share=0.5), "⟳ loading q.gguf", ""),
        (EngineState(kind="failed", model="q", error="no\nmemory"), "✗ q does not answer", "no memory"),
        (EngineState(kind="server", model="m"), "⇄ m answers", "on this machine; none below is asked"),
        (EngineState(kind="server", model="m", is_remote=True), "⇄ m answers", "REMOTE MODEL: what you ask"),
        (
            EngineState(kind="ready", model="q", said=LOADED),
            "● q is loaded",
            "GPU: 36/36 layers; context of 8,192",
        ),
    ],
)
def test_how_whoever_answers_is_stands_in_one_line(state: EngineState, line: str, detail: str) -> None:
    """With a sign and words; how much is loaded is a share."""
    work = engine_work(state)
    assert work.line.startswith(line)
    assert work.detail.startswith(detail)
    assert work.share == (0.5 if state.kind == "loading" else None)


def test_the_memory_of_the_gpu_is_told() -> None:
    """Where the engine holds some."""
    assert engine_work(EngineState(kind="ready", model="q", said=LOADED)).detail.endswith("5.2 GB of the GPU")


def test_what_can_answer_comes_first() -> None:
    """What does not load behind it, and other kinds only on demand."""
    entries = [entry("broken", loads=False), entry("finder", kind="embedding"), entry("good")]
    assert [each.name for each in shown_entries(entries, is_all=False)] == ["good", "broken"]
    assert [each.name for each in shown_entries(entries, is_all=True)] == ["good", "broken", "finder"]


def test_a_model_that_is_being_tried_says_so() -> None:
    """Until everything is found out; then it was not tried."""
    (_, line) = table([entry("new", loads=None)], 80, is_all=False, is_complete=False)
    assert "trying…" in line
    (_, line) = table([entry("new", loads=None)], 80, is_all=False, is_complete=True)
    assert "not tried" in line


@pytest.mark.parametrize("width", [30, 60, 100, 200])
def test_the_table_fits_its_width(width: int) -> None:
    """By leaving out columns, and last by shortening names."""
    rows = table([entry("a-very-long-name-of-a-model" * 3)], width, is_all=True, is_complete=True)
    assert all(len(row) <= max(width, 46) for row in rows)


def test_where_was_looked_is_told() -> None:
    """Each place once, with whose it is."""
    said = nothing_found(
        [Shelf("kb", Path("/kb/models")), Shelf("Ollama", Path("/o"), "ollama")], Path("/kb/models")
    )
    assert "kb models pull " in said
    assert said.endswith("Looked for models in:\n  kb: /kb/models\n  Ollama: /o")
