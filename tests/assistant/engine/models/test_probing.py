"""Tests of asking llama.cpp about files, each in a real child process."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from assistant.engine.models.probing import llama_version, probe_devices, probe_model, probe_models
from tests.assistant.engine.models.ggufs import WORDS, with_number, write_head


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty directory."""
    return tmp_path_factory.mktemp("empty")


def test_a_good_file_loads(scripted_model: Path, work_dir: Path) -> None:
    """The verdict names the version of llama.cpp's bindings that gave it."""
    verdict = probe_model(scripted_model, work_dir=work_dir)
    assert verdict is not None
    assert (verdict.loads, verdict.reason) == (True, "")
    assert verdict.llama_cpp == llama_version() != ""


def test_a_truncated_file_does_not_load(scripted_model: Path, work_dir: Path, tmp_path: Path) -> None:
    """The reason is llama.cpp's own."""
    whole = scripted_model.read_bytes()
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole[: len(whole) // 2])
    verdict = probe_model(cut, work_dir=work_dir)
    assert verdict is not None
    assert not verdict.loads
    assert "data is not within the file bounds" in verdict.reason


def test_a_file_that_makes_llama_cpp_abort(scripted_model: Path, work_dir: Path, tmp_path: Path) -> None:
    """The child dies, and the verdict tells of what."""
    deadly = with_number(scripted_model, tmp_path / "deadly.gguf", "llama.block_count", 100_000)
    verdict = probe_model(deadly, work_dir=work_dir)
    assert verdict is not None
    assert not verdict.loads
    assert verdict.reason.startswith("it makes llama.cpp stop: GGML_ASSERT(")


def test_an_unknown_architecture_is_named(work_dir: Path, tmp_path: Path) -> None:
    """What a newer llama.cpp may know is told by its name."""
    file = write_head(tmp_path / "new.gguf", {"general.architecture": "qwen99", **WORDS})
    verdict = probe_model(file, work_dir=work_dir)
    assert verdict is not None
    assert verdict.reason == "unknown model architecture: 'qwen99'"


def test_a_file_that_is_gone(work_dir: Path, tmp_path: Path) -> None:
    """A file that was deleted meanwhile does not load."""
    verdict = probe_model(tmp_path / "gone.gguf", work_dir=work_dir)
    assert verdict is not None
    assert not verdict.loads


def test_no_time_is_no_verdict(scripted_model: Path, work_dir: Path) -> None:
    """A machine too busy to answer says nothing about the file."""
    assert probe_model(scripted_model, work_dir=work_dir, limit_s=0) is None


def test_several_files_are_asked_about_at_once(scripted_model: Path, work_dir: Path, tmp_path: Path) -> None:
    """Each has a child of its own, so that one that dies takes none of the others along."""
    deadly = with_number(scripted_model, tmp_path / "deadly.gguf", "llama.block_count", 100_000)
    files = [deadly, scripted_model, tmp_path / "gone.gguf"]
    verdicts = dict(probe_models(files, work_dir=work_dir, limit_s=60, at_once=2))
    assert {file: verdict.loads for file, verdict in verdicts.items() if verdict} == {
        deadly: False,
        scripted_model: True,
        tmp_path / "gone.gguf": False,
    }


def test_whoever_has_enough_ends_the_children(scripted_model: Path, work_dir: Path, tmp_path: Path) -> None:
    """Closing the generator leaves no process behind, whatever they were doing."""
    files = [scripted_model, tmp_path / "gone.gguf", tmp_path / "gone too.gguf"]
    probing = probe_models(files, work_dir=work_dir, limit_s=60, at_once=3)
    next(probing)
    probing.close()
    # what other tests started and nobody waited for has no command line any more.
    alive = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
    assert [each for each in alive if "probe" in " ".join(each.cmdline())] == []


def test_the_processor_is_a_device(work_dir: Path) -> None:
    """The last device is always the processor, with its memory."""
    device = probe_devices(work_dir=work_dir)[-1]
    assert (device.name, device.kind) == ("CPU", "cpu")
    assert 0 < device.free_bytes <= device.total_bytes


def test_the_probe_explains_its_usage() -> None:
    """Without a file it has nothing to do."""
    run = subprocess.run(
        [sys.executable, "-m", "assistant.engine.probe"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "usage:" in run.stderr
