"""Tests of `kb models bench`: the real command."""

import contextlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.assistant.cli.kb import kb, start_kb
from tests.homes import short_home
from tests.models.wired_gguf import write_random_model, write_scripted_model
from tests.waiting import PATIENCE_S, wait_until


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a home with a model that babbles and one that says next to nothing."""
    with short_home() as places:
        places.models_dir.mkdir()
        write_random_model(places.models_dir / "babble.gguf")
        write_scripted_model(places.models_dir / "short.gguf", ["hi"])
        # several threads of so small a model wait for one another for ever where others use the cores.
        places.config_file.write_text("[model]\nthreads = 1\n", encoding="utf-8")
        yield places.home


def test_figures_are_shown_kept_and_listed(home: Path) -> None:
    """Once measured, `kb models list` shows how fast a model is."""
    ended = kb(home, "models", "bench", "babble", "--rounds", "1", "--json")
    assert ended.code == 0, ended.err
    (figures,) = json.loads(ended.out)
    assert figures["name"] == "babble"
    assert figures["generation_tokens_per_s"] > 0
    assert figures["licence"]["allows"] == "unknown"
    (listed,) = [each for each in json.loads(kb(home, "models", "list", "--json").out) if each["bench"]]
    assert listed["name"] == "babble"
    assert listed["bench"]["generation_tokens_per_s"] == figures["generation_tokens_per_s"]


def test_the_best_size_of_a_batch_is_found(home: Path) -> None:
    """Each size is measured in an engine that has it, and the fastest is named with what to do."""
    (home / "config.toml").write_text("[model]\ncontext_tokens = 512\nthreads = 1\n", encoding="utf-8")
    ended = kb(home, "models", "bench", "babble", "--batches", "--rounds", "1", "--json")
    assert ended.code == 0, ended.err
    rates = {each["batch_tokens"]: each["prompt_tokens_per_s"] for each in json.loads(ended.out)}
    assert list(rates) == [128, 256, 512]
    assert min(rates.values()) > 0
    best = max(rates, key=lambda size: rates[size])
    assert f"kb: babble reads fastest in batches of {best} tokens\n  batch_tokens = {best} under" in ended.err


def test_a_model_that_fails_does_not_stop_the_others(home: Path) -> None:
    """Its reason is told, and the exit code tells that there was one."""
    ended = kb(home, "models", "bench", "short", "babble", "--rounds", "1")
    assert ended.code == 4
    assert "kb: error: short.gguf ends its answers after a few words" in ended.err
    assert ended.out.startswith("babble\t")


def test_without_a_model_it_says_what_to_do(home: Path) -> None:
    """Nothing is configured, and nothing was named."""
    ended = kb(home, "models", "bench")
    assert ended.code == 4
    assert "no model is configured, and none was named" in ended.err


def test_ctrl_c_leaves_no_engine_behind(home: Path) -> None:
    """Neither its process nor its folder, and what was measured before is shown."""
    with start_kb(home, "models", "bench", "babble", "babble", "--rounds", "20") as running:
        wait_until(lambda: bool(_engines_of(running.pid)), what="an engine is started")
        engines = _engines_of(running.pid)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130
    assert b"stopped; what was measured before is kept" in said
    for process, engine_home in engines:
        assert not process.is_running()
        assert not engine_home.exists()


def _engines_of(pid: int) -> list[tuple[psutil.Process, Path]]:
    """List the engines that a command has started, with their homes."""
    found = []
    for child in psutil.Process(pid).children():
        with contextlib.suppress(psutil.Error):
            homes = [each.removeprefix("--home=") for each in child.cmdline() if each.startswith("--home=")]
            found += [(child, Path(each)) for each in homes]
    return found
