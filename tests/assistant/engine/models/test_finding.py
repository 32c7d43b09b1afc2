"""Tests of finding model files."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.engine.models import Shelf, find_file, find_model, list_models
from assistant.errors import ModelFileError, ModelNotFoundError
from tests.assistant.engine.models.ggufs import WORDS, write_head
from tests.assistant.engine.models.programs import put_into_ollama


def make(folder: Path, *names: str) -> None:
    """Make empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def on(*folders: Path) -> list[Shelf]:
    """Make a shelf of each folder."""
    return [Shelf("folder", folder) for folder in folders]


def test_no_model_configured(tmp_path: Path) -> None:
    """An empty name says where to write one."""
    with pytest.raises(ModelNotFoundError) as caught:
        find_model("", on(tmp_path))
    assert caught.value.message == "no model is configured"
    assert caught.value.hint.startswith("`kb models list` shows what is there")


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    """A path needs no folder."""
    make(tmp_path, "a.gguf")
    assert find_model(str(tmp_path / "a.gguf"), on()) == tmp_path / "a.gguf"


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    """A missing file is named."""
    with pytest.raises(ModelNotFoundError) as caught:
        find_model(str(tmp_path / "gone.gguf"), on())
    assert caught.value.message == f"there is no file {tmp_path / 'gone.gguf'}"


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    """A folder is refused by name."""
    with pytest.raises(ModelNotFoundError) as caught:
        find_model(str(tmp_path), on())
    assert caught.value.message == f"{tmp_path} is a folder, not a GGUF file"


@pytest.mark.parametrize("name", ["Qwen3-8B-Q4_K_M.gguf", "qwen3-8b-q4_k_m", "qwen3", "QWEN3-8B"])
def test_a_name_is_found_in_the_folders(tmp_path: Path, name: str) -> None:
    """File name, stem or a beginning that nothing else shares, in any case and below publisher folders."""
    make(tmp_path, "qwen/qwen3-gguf/Qwen3-8B-Q4_K_M.gguf", "gemma-3-4b.gguf")
    assert find_model(name, on(tmp_path)).name == "Qwen3-8B-Q4_K_M.gguf"


def test_a_full_name_wins_over_a_longer_one(tmp_path: Path) -> None:
    """A stem that is also the beginning of another name is not ambiguous."""
    make(tmp_path, "tiny.gguf", "tiny-large.gguf")
    assert find_model("tiny", on(tmp_path)).name == "tiny.gguf"


def test_the_first_folder_wins(tmp_path: Path) -> None:
    """The same name in two folders is no riddle."""
    make(tmp_path, "one/a.gguf", "two/a.gguf")
    assert find_model("a", on(tmp_path / "two", tmp_path / "one")) == tmp_path / "two" / "a.gguf"


def test_an_ambiguous_name_lists_what_it_could_be(tmp_path: Path) -> None:
    """A beginning that two models share names both."""
    make(tmp_path, "qwen3-8b.gguf", "qwen3-14b.gguf")
    with pytest.raises(ModelNotFoundError) as caught:
        find_model("qwen", on(tmp_path))
    assert caught.value.message == "qwen could be any of qwen3-14b, qwen3-8b"


def test_an_unknown_name_lists_what_there_is(tmp_path: Path) -> None:
    """The message says what is there."""
    make(tmp_path, "gemma.gguf", "qwen.gguf")
    with pytest.raises(ModelNotFoundError) as caught:
        find_model("llama", on(tmp_path))
    assert caught.value.message == "there is no model llama on this machine; there are gemma, qwen"
    assert caught.value.hint == "give the path of a GGUF file"


def test_what_its_name_gives_away_is_not_found(tmp_path: Path) -> None:
    """Image projectors and bare vocabularies are listed, and no name leads to them."""
    make(
        tmp_path,
        "m-00001-of-00002.gguf",
        "m-00002-of-00002.gguf",
        "mmproj-m.gguf",
        "ggml-vocab-m.gguf",
        "m.txt",
    )
    assert [file.name for file in list_models(on(tmp_path))] == ["ggml-vocab-m", "m", "mmproj-m"]
    with pytest.raises(ModelNotFoundError):
        find_model("mmproj", on(tmp_path))


def test_a_name_with_a_slip_is_answered_with_the_nearest(tmp_path: Path) -> None:
    """Whoever types a letter wrong is told the name that is meant."""
    make(tmp_path, "gemma-3-4b-it.gguf", "Qwen3-8B.gguf")
    with pytest.raises(ModelNotFoundError) as caught:
        find_model("gema-3", on(tmp_path))
    assert caught.value.message == "there is no model gema-3; did you mean gemma-3-4b-it?"


def test_any_part_of_a_split_model_leads_to_the_first(tmp_path: Path) -> None:
    """llama.cpp wants the first part and finds the others."""
    make(tmp_path, "m-00001-of-00002.gguf", "m-00002-of-00002.gguf")
    first = tmp_path / "m-00001-of-00002.gguf"
    assert find_model(str(tmp_path / "m-00002-of-00002.gguf"), on()) == first
    assert find_model("m", on(tmp_path)) == first


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    """A split model with a hole is refused before it is loaded."""
    make(tmp_path, "m-00001-of-00003.gguf", "m-00003-of-00003.gguf")
    with pytest.raises(ModelFileError) as caught:
        find_model("m", on(tmp_path))
    assert caught.value.message == "m comes in 3 files, and m-00002-of-00003.gguf is missing"


def test_a_folder_of_that_name_is_not_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare word is a model's name first; only what no model is called is looked for here."""
    make(tmp_path / "models", "tiny.gguf")
    (tmp_path / "here" / "tiny").mkdir(parents=True)
    make(tmp_path / "here", "other")
    monkeypatch.chdir(tmp_path / "here")
    assert find_model("tiny", on(tmp_path / "models")) == tmp_path / "models" / "tiny.gguf"
    assert find_model("other", on(tmp_path / "models")) == tmp_path / "here" / "other"
    with pytest.raises(ModelNotFoundError, match="here is a folder"):
        find_model(str(tmp_path / "here"), on(tmp_path / "models"))


def test_a_name_with_slashes_is_no_path(tmp_path: Path) -> None:
    """Ollama calls models of the hub by their repository."""
    put_into_ollama(tmp_path, "hf.co/unsloth/Qwen3-8B-GGUF/Q4_K_M", model=b"1")
    shelves = [Shelf("Ollama", tmp_path, "ollama")]
    assert find_model("hf.co/unsloth/Qwen3-8B-GGUF:Q4_K_M", shelves).name.startswith("sha256-")
    assert find_model("unsloth/qwen3-8b", shelves).name.startswith("sha256-")
    with pytest.raises(ModelNotFoundError, match="there is no file /a/b"):
        find_model("/a/b", shelves)


def test_a_chat_model_goes_before_an_embedding_model(tmp_path: Path) -> None:
    """A beginning that both share means the one that can answer; the whole name means what it says."""
    write_head(tmp_path / "qwen3-8b.gguf", {"general.architecture": "qwen3", **WORDS})
    write_head(
        tmp_path / "qwen3-embedding.gguf", {"general.architecture": "qwen3", "qwen3.pooling_type": 3, **WORDS}
    )
    assert find_model("qwen3", on(tmp_path)).stem == "qwen3-8b"
    assert find_model("qwen3-embedding", on(tmp_path)).stem == "qwen3-embedding"


def test_a_model_of_its_own_program_keeps_its_name(tmp_path: Path) -> None:
    """A path that leads to a blob is known by the name that Ollama gives it."""
    put_into_ollama(tmp_path, "registry.ollama.ai/library/tiny/1m", model=b"1")
    (blob,) = (tmp_path / "blobs").iterdir()
    assert find_file(str(blob), [Shelf("Ollama", tmp_path, "ollama")]).name == "tiny:1m"


@given(name=st.text(max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_any_name_is_answered(name: str, tmp_path: Path) -> None:
    """Whatever is typed, there is a file or a sentence."""
    make(tmp_path, "qwen3-8b.gguf", "gemma.gguf")
    try:
        found = find_model(name, on(tmp_path))
    except ModelNotFoundError as error:
        found = Path(__file__ if error.message else "")
    assert found.is_file()
