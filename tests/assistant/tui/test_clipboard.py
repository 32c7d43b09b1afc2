"""Copying inside tmux."""

from pathlib import Path

import pytest

from assistant.tui.clipboard import copy_in_tmux


@pytest.fixture
def tmux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program in tmux's place that keeps what it is given, but knows no -w; return where."""
    kept, program = tmp_path / "kept", tmp_path / "tmux"
    program.write_text(f'#!/bin/sh\ncase "$*" in *-w*) exit 1;; esac\ncat > {kept}\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return kept


def test_a_copy_is_in_the_buffer_of_tmux(tmux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of an old one, which takes it for itself alone."""
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    copy_in_tmux("zwölf\nlines")
    assert tmux.read_text(encoding="utf-8") == "zwölf\nlines"


def test_outside_of_tmux_nobody_is_asked(tmux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tmux that runs elsewhere is somebody else's."""
    monkeypatch.delenv("TMUX", raising=False)
    copy_in_tmux("a secret")
    assert not tmux.exists()
