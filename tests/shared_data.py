"""Chat templates and vocabularies of real models, which are no part of the project."""

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"

CHAT_TEMPLATES = Path(os.environ.get("KB_SHARED_DATA", _BESIDE)) / "chat_templates"
"""Holds `templates/*.jinja` and `vocab/*.gguf`, as llama.cpp's sources do under `models/`."""

needs_chat_templates = pytest.mark.skipif(
    not CHAT_TEMPLATES.is_dir(),
    reason="the chat templates of real models are not here; KB_SHARED_DATA says where they are",
)
