"""Tests of what an engine is started with."""

import dataclasses
import os
from pathlib import Path

from assistant.engine.launch import Launch, is_listening, is_same_engine
from indexer.paths import Places


def make_launch(model: Path) -> Launch:
    """A launch with settings unlike the defaults."""
    return Launch(
        model=model,
        context_tokens=1024,
        gpu_layers=3,
        threads=2,
        keep_alive_s=7,
        kv_type="q8_0",
        batch_tokens=256,
        draft=model.with_name("draft.gguf"),
    )


def test_a_command_line_says_everything(tmp_path: Path) -> None:
    """What is written is read again, in any home."""
    launch = make_launch(tmp_path / "a model.gguf")
    places = Places(config_file=tmp_path / "config.toml", home=tmp_path)
    assert Launch.parse(launch.arguments(places)) == (places, launch)


def test_identity_follows_the_file_and_the_settings(tmp_path: Path) -> None:
    """Another file, also at the same path, or another setting is another engine; patience is not."""
    file = tmp_path / "m.gguf"
    file.write_bytes(b"one")
    launch = make_launch(file)
    before = launch.identity()
    assert dataclasses.replace(launch, keep_alive_s=9).identity() == before
    assert dataclasses.replace(launch, context_tokens=2048).identity() != before
    assert dataclasses.replace(launch, gpu_layers=-1).identity() != before
    assert dataclasses.replace(launch, kv_type="f16").identity() != before
    assert dataclasses.replace(launch, draft=None).identity() != before
    os.utime(file, ns=(1, 1))
    touched = launch.identity()
    assert touched != before
    assert not is_same_engine(touched, before)
    assert is_same_engine(touched, touched)


def test_a_deleted_file_is_still_the_model_that_is_loaded(tmp_path: Path) -> None:
    """Nobody is sent away for a file that cannot be loaded again, unless other settings are wanted."""
    file = tmp_path / "m.gguf"
    file.write_bytes(b"one")
    launch = make_launch(file)
    held = launch.identity()
    file.unlink()
    assert launch.identity() != held
    assert is_same_engine(launch.identity(), held)
    assert not is_same_engine(dataclasses.replace(launch, threads=9).identity(), held)


def test_a_file_that_is_no_socket_listens_to_nobody(tmp_path: Path) -> None:
    """What is left of a dead engine is told from a live one."""
    (tmp_path / "engine.sock").touch()
    assert not is_listening(tmp_path / "engine.sock")
