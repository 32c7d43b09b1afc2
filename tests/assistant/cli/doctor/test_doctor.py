"""Tests of `kb doctor` and `kb engine status` as processes."""

import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.cli.doctor.checks import look_at_python
from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import kb
from tests.assistant.cli.test_imports import HEAVY, loaded
from tests.assistant.engine.remote.known import be
from tests.assistant.engine.remote.servers import other_server
from tests.homes import short_home
from tests.models.wired_gguf import write_random_model


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Path]:
    """A home in which nothing is."""
    with short_home() as places:
        yield places.home


def findings(home: Path, *, code: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Run `kb doctor --json`, and return what it found by topic."""
    run = kb(home, "doctor", "--json")
    assert run.code == code, run.out + run.err
    said = json.loads(run.out)
    assert said["ok"] is (code == 0)
    topics: dict[str, list[dict[str, Any]]] = {}
    for each in said["findings"]:
        topics.setdefault(each["topic"], []).append(each)
    return topics


def test_a_bare_home_has_no_problem(bare: Path) -> None:
    """What is missing is a warning that says what to do, and nothing is started."""
    found = findings(bare)
    assert found["index"][0]["hint"] == "run `kb add FOLDER`"
    assert found["model"][0]["hint"] == "run `kb models use NAME`"
    assert found["engine"][0]["said"] == "not running; the first question starts it"
    assert kb(bare, "engine", "status").code == 4
    assert kb(bare, "indexer", "status").code == 3


def test_each_line_is_a_verdict_a_topic_and_what_is_said(bare: Path) -> None:
    """What to do stands in a line of its own below."""
    lines = [line.split("\t") for line in kb(bare, "doctor").out.splitlines()]
    assert {line[0] for line in lines} <= {"ok", "warning", "problem", ""}
    assert all(len(line) == 3 for line in lines)
    assert ["", "", "→ run `kb add FOLDER`"] in lines


def test_a_draft_model_that_is_not_there_is_a_problem(bare: Path) -> None:
    """No question could be answered with it."""
    model = write_random_model(bare / "random.gguf")
    (bare / "config.toml").write_text(f"[model]\npath = '{model}'\ndraft_path = 'nonsense'\n")
    found = findings(bare, code=4)
    assert "nonsense" in found["draft"][0]["said"]


def test_settings_that_do_not_hold_are_a_problem(bare: Path) -> None:
    """The rest is looked at all the same."""
    (bare / "config.toml").write_text("[model]\ngpu_layer = 3\n")
    found = findings(bare, code=2)
    assert "gpu_layer" in found["settings"][0]["said"]
    assert found["memory"][0]["verdict"] == "ok"
    assert "model" not in found


def test_a_model_that_is_gone_is_a_problem(bare: Path) -> None:
    """It ends with the exit code of models."""
    (bare / "config.toml").write_text('[model]\npath = "/nowhere/gone.gguf"\n')
    (found,) = findings(bare, code=4)["model"]
    assert "/nowhere/gone.gguf" in found["said"]


def test_a_file_that_is_no_model_is_a_problem(bare: Path) -> None:
    """Why it cannot be loaded is said."""
    file = bare / "cut.gguf"
    whole = write_random_model(bare / "m.gguf")
    file.write_bytes(whole.read_bytes()[:-1000])
    (bare / "config.toml").write_text(f'[model]\npath = "{file}"\n')
    (found,) = findings(bare, code=4)["model"]
    assert "is cut short" in found["said"]


def test_a_server_on_this_machine_is_asked_which_model_it_has(bare: Path) -> None:
    """It answers in place of a file; none that answers is a problem."""
    config = bare / "config.toml"
    with other_server() as server:
        be("llama_server", server)
        config.write_text(f'[model]\nurl = "{server.url}"\n')
        found = findings(bare)
        said = f"llama-server at {server.url}, model qwen3-8b.gguf, context 8,192 tokens"
        assert (found["model"][0]["verdict"], found["model"][0]["said"]) == ("ok", said)
    assert findings(bare, code=4)["model"][0]["said"] == f"no model server listens at {server.url}"


def test_no_part_of_a_url_that_may_be_secret_is_shown(bare: Path) -> None:
    """A password has no place there."""
    (bare / "config.toml").write_text('[model]\nurl = "http://me:secret@127.0.0.1:9/v1"\n')
    found = findings(bare, code=2)
    assert found["network"][0]["said"] == "answers come from 127.0.0.1, and may only come from this machine"
    assert "secret" not in str(found)


def test_a_server_on_another_machine_is_a_warning_and_not_asked(bare: Path) -> None:
    """Where questions go is said; looking must not send anything there."""
    (bare / "config.toml").write_text('[model]\nurl = "https://example.org/v1"\nallow_remote = true\n')
    found = findings(bare)
    assert found["network"][0]["verdict"] == "warning"
    said = "REMOTE MODEL: its first model at https://example.org, which is not asked now"
    assert (found["model"][0]["verdict"], found["model"][0]["said"]) == ("warning", said)


def test_a_running_home_is_described(home: Home) -> None:
    """Index, model, devices and engine of a home that is in use."""
    (home.path / "config.toml").write_text(f'[model]\npath = "{home.answering}"\n')
    try:
        assert kb(home.path, "ask", "How much is the rent?").code == 0
        found = findings(home.path)
        rows = dict(line.split("\t", 1) for line in kb(home.path, "engine", "status").out.splitlines())
    finally:
        (home.path / "config.toml").unlink()
        kb(home.path, "engine", "stop")
    assert "files indexed, the indexer is" in found["index"][0]["said"]
    assert "8,192 tokens" in found["model"][0]["said"]
    assert found["context"][0]["said"] == rows["context"] == "8,192 tokens"
    assert rows["placement"].startswith(("GPU: ", "CPU only"))
    assert found["engine"][0]["said"].removeprefix("answering.gguf: ") in rows["placement"]


def test_it_loads_no_engine(bare: Path) -> None:
    """llama.cpp is asked in a process of its own."""
    assert loaded(bare, "doctor") & (HEAVY - {"asyncio"}) == set()


def test_packages_that_are_missing_or_wrong_are_problems() -> None:
    """Each of them by name."""

    def version_of(name: str) -> str:
        if name == "gone":
            raise importlib.metadata.PackageNotFoundError
        return "1.0"

    wanted = [
        "gone>=1",
        "chromadb==1.5.9",
        "torch>=2",
        "other==1.0; sys_platform == 'x'",
        'x>=1; extra == "y"',
    ]
    said = [(each.verdict, each.said) for each in look_at_python(version_of, lambda _: wanted)]
    assert said[1] == ("ok", "kb 1.0, torch 1.0, chromadb 1.0")
    assert said[2:] == [
        ("problem", "gone is not installed"),
        ("problem", "chromadb is 1.0, and kb is made for 1.5.9"),
    ]
