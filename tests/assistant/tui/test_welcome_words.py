"""What the first run says, step by step."""

from typing import Any

import pytest

from assistant.tui.state import EngineState, IndexState
from assistant.tui.widgets.welcome import folder_line, model_line, next_step

NONE = EngineState(kind="none")


def index(*, roots: int = 1, is_idle: bool = True, **more: Any) -> IndexState:
    progress = {"files_done": 30, "files_total": 120, "is_idle": is_idle}
    said = {"roots": [{"path": "/n"}] * roots, "files": {"indexed": 30}, "progress": progress, **more}
    return IndexState(said=said)


@pytest.mark.parametrize(
    ("state", "engine", "step"),
    [
        (IndexState(), NONE, ""),
        (index(roots=0), NONE, "folder"),
        (index(roots=0), EngineState(kind="ready", model="q"), "folder"),
        (index(is_idle=False), NONE, "model"),
        (index(), NONE, "model"),
        (index(), EngineState(kind="asleep", model="q"), ""),
        (index(), EngineState(kind="server", model="q"), ""),
    ],
)
def test_the_folder_comes_before_the_model(state: IndexState, engine: EngineState, step: str) -> None:
    """And nothing is asked for before it is known what is there."""
    assert next_step(state, engine) == step


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (index(roots=0), "○ Your files: no folder is indexed yet. Enter adds one."),
        (index(is_idle=False), "⟳ Your files: 30 of 120 files read. You can ask already, of what is there."),
        (index(), "✓ Your files: 30 files can be asked about."),
        (index(fault={"message": "the disk\nis full"}), "✗ Your files: the disk is full"),
        (IndexState(said={"roots": []}, error="it does not answer"), "✗ Your files: it does not answer"),
    ],
)
def test_how_far_the_folders_are_is_said(state: IndexState, said: str) -> None:
    """With a sign and the key."""
    assert str(folder_line(state)) == said


@pytest.mark.parametrize(
    ("engine", "models", "is_next", "said"),
    [
        (NONE, 0, True, "○ A model: there is none on this machine. F6 says how to get one. Until then"),
        (NONE, 2, True, "○ A model: none is chosen yet. 2 models are on this machine. Enter chooses. Until"),
        (NONE, 1, False, "○ A model: none is chosen yet. 1 model is on this machine. Until then answers are"),
        (
            NONE,
            None,
            False,
            "○ A model: none is chosen yet. Until then answers are your files' own sentences.",
        ),
        (
            EngineState(kind="loading", model="/m/q", share=0.4),
            1,
            False,
            "⟳ A model: q is being loaded, 40%.",
        ),
        (
            EngineState(kind="failed", model="q", error="no room"),
            1,
            False,
            "✗ A model: q does not load: no room",
        ),
        (EngineState(kind="asleep", model="/m/q"), 1, False, "✓ A model: q answers."),
    ],
)
def test_whether_a_model_answers_is_said(
    engine: EngineState, models: int | None, is_next: bool, said: str
) -> None:
    """And that answers come without one as well."""
    assert str(model_line(engine, models=models, is_next=is_next)).startswith(said)
