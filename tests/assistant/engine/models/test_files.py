"""Tests of listing what stands on the shelves, with the made-up home of each program."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.engine.models.files import ModelFile, list_models, model_name, unreadable_shelves
from assistant.engine.models.ollama import manifest_name, read_manifest
from assistant.engine.models.shelves import Shelf
from tests.assistant.engine.models.programs import put_into_hub, put_into_ollama, write_manifest


def listed(path: Path, program: str = "folder") -> list[ModelFile]:
    """List what stands on one shelf."""
    return list(list_models([Shelf(program, path, "ollama" if program == "Ollama" else "files")]))


def touch(folder: Path, *names: str) -> None:
    """Make files that differ from each other."""
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())


def test_ollamas_models_have_ollamas_names(tmp_path: Path) -> None:
    """The standard registry and library are left out of a name, others stand in it."""
    put_into_ollama(tmp_path, "registry.ollama.ai/library/qwen3/8b", model=b"1")
    put_into_ollama(tmp_path, "registry.ollama.ai/someone/own/latest", model=b"2")
    put_into_ollama(tmp_path, "hf.co/unsloth/Qwen3-8B-GGUF/Q4_K_M", model=b"3")
    assert [model.name for model in listed(tmp_path, "Ollama")] == [
        "hf.co/unsloth/Qwen3-8B-GGUF:Q4_K_M",
        "qwen3:8b",
        "someone/own:latest",
    ]


def test_an_ollama_model_brings_its_layers(tmp_path: Path) -> None:
    """The blob is what is loaded; projector, licence and template stand beside it."""
    put_into_ollama(
        tmp_path,
        "registry.ollama.ai/library/gemma3/4b",
        model=b"weights",
        projector=b"eyes",
        license=b"terms",
        template=b"{{ .Prompt }}",
    )
    (model,) = listed(tmp_path, "Ollama")
    assert model.path.read_bytes() == b"weights"
    assert model.projector is not None
    assert model.projector.read_bytes() == b"eyes"
    assert model.licence is not None
    assert model.licence.read_bytes() == b"terms"
    assert model.template is not None
    assert (model.size_bytes, model.trouble) == (7, "")


def test_two_tags_of_one_blob_are_one_model(tmp_path: Path) -> None:
    """A file with several names is listed once, under the first."""
    put_into_ollama(tmp_path, "registry.ollama.ai/library/qwen3/8b", model=b"1")
    put_into_ollama(tmp_path, "registry.ollama.ai/library/qwen3/latest", model=b"1")
    (model,) = listed(tmp_path, "Ollama")
    assert (model.name, model.aliases) == ("qwen3:8b", ("qwen3:latest",))


def test_separate_tensors_are_named_with_the_reason(tmp_path: Path) -> None:
    """What Ollama's own engine alone can read is no mystery."""
    put_into_ollama(tmp_path, "registry.ollama.ai/x/y/z", tensor=b"1", json=b"{}")
    (model,) = listed(tmp_path, "Ollama")
    assert model.trouble == "Ollama keeps it as separate tensors, which llama.cpp cannot read"


def test_a_missing_blob_is_named(tmp_path: Path) -> None:
    """A download that was broken off leaves a manifest or a hole."""
    put_into_ollama(tmp_path, "registry.ollama.ai/library/half/1b", model=Path("gone"))
    (model,) = listed(tmp_path, "Ollama")
    assert model.trouble.startswith("its blob sha256-")
    assert model.trouble.endswith("… is missing")


def test_damaged_manifests_are_passed_over_or_named(tmp_path: Path) -> None:
    """No JSON is nothing; JSON of another shape is a model with a reason."""
    place = tmp_path / "manifests" / "registry.ollama.ai" / "library"
    for name, data in (("a", b""), ("b", b"{"), ("c", b"\xff\xfe"), ("e", b"[" * 100_000)):
        (place / name).mkdir(parents=True)
        (place / name / "latest").write_bytes(data)
    write_manifest(place / "d" / "latest", ["layers"])
    assert [(model.name, model.trouble) for model in listed(tmp_path, "Ollama")] == [
        ("d:latest", "its manifest is damaged")
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["layers", "mediaType", "digest"]), inner)
    ),
)


@given(manifest=JSON)
def test_whatever_a_manifest_says_is_borne(manifest: object) -> None:
    """No JSON at all breaks the reader, and what names no model has a reason."""
    model = read_manifest("x:y", Path("/m"), manifest, Path("/blobs"))
    assert model.model is not None or model.trouble


@given(parts=st.lists(st.text(min_size=1).filter(lambda part: "/" not in part), min_size=3, max_size=6))
def test_a_manifests_name_ends_with_its_tag(parts: list[str]) -> None:
    """Every place below `manifests` has a name."""
    name = manifest_name(tuple(parts))
    assert name.endswith(f":{parts[-1]}")
    assert len(name) > len(parts[-1]) + 1


def test_a_projector_beside_a_model_belongs_to_it(tmp_path: Path) -> None:
    """As LM Studio lays them out: publisher, repository, files."""
    touch(tmp_path, "pub/repo-GGUF/model-Q4.gguf", "pub/repo-GGUF/mmproj-F16.gguf")
    projector, model = listed(tmp_path)
    assert model.repository == "pub/repo-GGUF"
    assert model.projector == projector.path
    assert (projector.is_side_file, model.is_side_file) == (True, False)
    assert projector.projector is None


def test_all_parts_of_a_split_model_are_one(tmp_path: Path) -> None:
    """Its size is that of all parts together."""
    touch(tmp_path, "m-00002-of-00002.gguf", "m-00001-of-00002.gguf")
    (model,) = listed(tmp_path)
    assert model.name == "m"
    assert [part.name for part in model.parts] == ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"]
    assert model.size_bytes == 2 * len("m-00001-of-00002.gguf")


@pytest.mark.parametrize("there", [(1,), (2,), (2, 3)])
def test_missing_parts_are_named(there: tuple[int, ...], tmp_path: Path) -> None:
    """Whichever parts are there stand for one model."""
    touch(tmp_path, *(f"m-{number:05}-of-00003.gguf" for number in there))
    (model,) = listed(tmp_path)
    missing = next(number for number in (1, 2, 3) if number not in there)
    assert model.trouble == f"m comes in 3 files, and m-{missing:05}-of-00003.gguf is missing"


def test_the_hubs_links_are_followed(tmp_path: Path) -> None:
    """A snapshot's file is a link to a blob; the name is the link's, and the blob is not listed itself."""
    snapshot = put_into_hub(
        tmp_path, "unsloth/Qwen3-8B-GGUF", {"Qwen3-8B-Q4_K_M.gguf": b"1", "README.md": b"2"}
    )
    (model,) = listed(tmp_path)
    assert model.path == snapshot / "Qwen3-8B-Q4_K_M.gguf"
    assert model.repository == "unsloth/Qwen3-8B-GGUF"


def test_of_two_revisions_the_one_of_main_counts(tmp_path: Path) -> None:
    """An older revision of the same file is no further model."""
    put_into_hub(tmp_path, "o/m", {"m.gguf": b"old", "gone.gguf": b"kept"}, revision="zzz")
    now = put_into_hub(tmp_path, "o/m", {"m.gguf": b"new"}, revision="aaa")
    os.utime(tmp_path / "models--o--m/snapshots/zzz", (time.time() + 9, time.time() + 9))
    assert {model.name: model.path.parent.name for model in listed(tmp_path)} == {
        "m": now.name,
        "gone": "zzz",
    }


def test_one_file_on_two_shelves_is_one_model(tmp_path: Path) -> None:
    """A link from one program's folder into another's adds a name and no model."""
    touch(tmp_path / "one", "a.gguf")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "b.gguf").symlink_to(tmp_path / "one" / "a.gguf")
    (model,) = list_models([Shelf("x", tmp_path / "one"), Shelf("y", tmp_path / "two")])
    assert (model.name, model.aliases, model.program) == ("a", ("b",), "x")


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    """A folder that contains itself is gone through once, and a link to itself is no file."""
    touch(tmp_path, "deep/er/a.gguf")
    (tmp_path / "deep" / "er" / "back").symlink_to(tmp_path)
    (tmp_path / "self.gguf").symlink_to(tmp_path / "self.gguf")
    assert [model.name for model in listed(tmp_path)] == ["a"]


def test_a_shelf_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    """Most people have one of these programs, and not all."""
    missing = tmp_path / "missing"
    assert (
        list(list_models([Shelf("a", missing), Shelf("b", missing, "ollama"), Shelf("c", missing, "file")]))
        == []
    )
    assert unreadable_shelves([Shelf("a", missing)]) == []


def test_a_file_in_the_place_of_a_folder_is_passed_over(tmp_path: Path) -> None:
    """What is no folder holds nothing."""
    touch(tmp_path, "models", "manifests")
    assert listed(tmp_path / "models") == listed(tmp_path, "Ollama") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(stem=st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40))
def test_every_name_of_a_file_is_borne(stem: str, tmp_path: Path) -> None:
    """Numbers that look like parts, blanks and letters of any script make no trouble."""
    for old in tmp_path.iterdir():
        old.unlink()
    file = tmp_path / f"{stem}.gguf"
    try:
        file.touch()
    except OSError:
        return  # longer than the file system allows
    names = [model.name for model in listed(tmp_path)]
    # a name that begins with a dot and has no other is no suffix.
    assert names == [model_name(file)] or "-of-" in stem
