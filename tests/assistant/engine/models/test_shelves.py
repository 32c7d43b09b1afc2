"""Tests of where programs keep their models."""

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.config import ModelSettings
from assistant.engine.models import Shelf, list_shelves
from indexer.paths import Places


def shelves(home: Path, environ: dict[str, str] | None = None, **model: object) -> list[Shelf]:
    """List the shelves of somebody whose kb lives in `home/kb`."""
    places = Places(config_file=home / "kb" / "config.toml", home=home / "kb")
    given_settings = ModelSettings.model_validate(model)
    return list(list_shelves(places, given_settings, environ=environ or {}, user_home=home))


def paths(found: list[Shelf], program: str) -> list[Path]:
    """Return the places of one program."""
    return [shelf.path for shelf in found if shelf.program == program]


def test_kbs_own_folder_comes_first(tmp_path: Path) -> None:
    """Then the configured folders, then what other programs keep."""
    found = shelves(tmp_path, folders=["~/gguf"])
    assert found[0] == Shelf("kb", tmp_path / "kb" / "models")
    assert found[1] == Shelf("folder", tmp_path / "gguf")
    assert {shelf.program for shelf in found[2:]} == {"Ollama", "LM Studio", "Hugging Face", "llama.cpp"}


def test_variables_of_the_programs_move_their_places(tmp_path: Path) -> None:
    """What a person set for Ollama, the hub and llama.cpp holds here too, before the usual places."""
    environ = {
        "OLLAMA_MODELS": "/o",
        "HF_HUB_CACHE": "/hub",
        "HF_HOME": "/hf",
        "XDG_CACHE_HOME": "/xdg",
        "LLAMA_CACHE": "/llama",
    }
    found = shelves(tmp_path, environ)
    assert paths(found, "Ollama")[:2] == [Path("/o"), tmp_path / ".ollama/models"]
    assert paths(found, "Hugging Face") == [
        Path("/hub"),
        Path("/hf/hub"),
        Path("/xdg/huggingface/hub"),
        tmp_path / ".cache/huggingface/hub",
    ]
    assert paths(found, "llama.cpp")[:2] == [Path("/llama"), Path("/xdg/llama.cpp")]


def test_a_configured_file_has_a_shelf_of_its_own(tmp_path: Path) -> None:
    """A path is a place; a bare name is looked up on the others."""
    assert paths(shelves(tmp_path, path="/far/away.gguf"), "config") == [Path("/far/away.gguf")]
    assert paths(shelves(tmp_path, path="~/models/plain"), "config") == [tmp_path / "models" / "plain"]
    assert paths(shelves(tmp_path, path="qwen3:8b", draft_path="hf.co/unsloth/small"), "config") == []


def test_lm_studio_may_have_been_moved(tmp_path: Path) -> None:
    """Its settings say where to, and its pointer where its home is; the older place counts as well."""
    (tmp_path / ".lmstudio-home-pointer").write_text(str(tmp_path / "studio") + "\n", encoding="utf-8")
    (tmp_path / "studio").mkdir()
    (tmp_path / "studio" / "settings.json").write_text(json.dumps({"downloadsFolder": "/disk/models"}))
    assert paths(shelves(tmp_path), "LM Studio") == [
        Path("/disk/models"),
        tmp_path / "studio" / "models",
        tmp_path / ".lmstudio" / "models",
        tmp_path / ".cache" / "lm-studio" / "models",
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    said=st.binary()
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(
        lambda value: json.dumps({"downloadsFolder": value}).encode()
    )
)
def test_damaged_settings_of_lm_studio_move_nothing_and_break_nothing(tmp_path: Path, said: bytes) -> None:
    """Whatever stands in another program's settings, the usual places are listed."""
    (tmp_path / ".lmstudio").mkdir(exist_ok=True)
    (tmp_path / ".lmstudio" / "settings.json").write_bytes(said)
    assert tmp_path / ".lmstudio" / "models" in paths(shelves(tmp_path), "LM Studio")


def test_no_place_is_listed_twice(tmp_path: Path) -> None:
    """A variable that says the usual place adds none."""
    found = shelves(tmp_path, {"OLLAMA_MODELS": str(tmp_path / ".ollama/models")})
    assert len({shelf.path for shelf in found}) == len(found)
