"""Tests of what people type for a model of the hub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.pull.naming import Wanted, is_plain_path, read_name
from indexer.errors import UsageError

REPOSITORY = "unsloth/Qwen3-8B-GGUF"
FILE = "Q8_0/Qwen3-8B-Q8_0-00001-of-00002.gguf"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (REPOSITORY, Wanted(repository=REPOSITORY)),
        (f" {REPOSITORY} ", Wanted(repository=REPOSITORY)),
        (f"{REPOSITORY}:q4_k_m", Wanted(repository=REPOSITORY, quantisation="q4_k_m")),
        (f"{REPOSITORY}/{FILE}", Wanted(repository=REPOSITORY, file=FILE)),
        (f"hf.co/{REPOSITORY}:Q6_K", Wanted(repository=REPOSITORY, quantisation="Q6_K")),
        (f"https://huggingface.co/{REPOSITORY}", Wanted(repository=REPOSITORY)),
        (f"https://huggingface.co/{REPOSITORY}/tree/main", Wanted(repository=REPOSITORY)),
        (
            f"https://huggingface.co/{REPOSITORY}/blob/main/{FILE}?download=true",
            Wanted(repository=REPOSITORY, file=FILE),
        ),
        (
            f"https://huggingface.co/{REPOSITORY}/resolve/v1.2/{FILE}",
            Wanted(repository=REPOSITORY, revision="v1.2", file=FILE),
        ),
        ("https://example.org/a/b.gguf?key=1#top", Wanted(url="https://example.org/a/b.gguf?key=1")),
        ("http://127.0.0.1:8000/b.gguf", Wanted(url="http://127.0.0.1:8000/b.gguf")),
    ],
)
def test_names_and_addresses_are_understood(name: str, wanted: Wanted) -> None:
    """A name may be typed, or copied from the address line of a browser."""
    assert read_name(name) == wanted


@pytest.mark.parametrize(
    "name",
    [
        "",
        "qwen3",
        "x y",
        "/etc/passwd",
        "owner/name/readme.md",
        "owner/name/../../up.gguf",
        "owner/name/a//b.gguf",
        "owner/name:Q4_K_M/b.gguf",
        "http://example.org/b.gguf",
        "https://example.org/b.zip",
        "https://example.org/%2e%2e%5cb.gguf",
        "https://me:secret@example.org/b.gguf",
        "https://[broken/b.gguf",
        "file:///b.gguf",
    ],
)
def test_anything_else_is_refused(name: str) -> None:
    """Nothing is guessed, and no file leads out of its folder."""
    with pytest.raises(UsageError):
        read_name(name)


def test_the_option_chooses_as_the_name_does() -> None:
    """`--quant Q4_K_M` and `:Q4_K_M` are the same."""
    assert read_name(REPOSITORY, quantisation="Q4_K_M") == read_name(f"{REPOSITORY}:Q4_K_M")


@pytest.mark.parametrize("name", [f"{REPOSITORY}:Q8_0", f"{REPOSITORY}/{FILE}", "https://example.org/a.gguf"])
def test_an_option_that_contradicts_the_name_is_refused(name: str) -> None:
    """Whoever says two things is asked which."""
    with pytest.raises(UsageError):
        read_name(name, quantisation="Q4_K_M")


def test_addresses_of_the_configured_hub_are_names_too() -> None:
    """A mirror's page names a repository, and is no file to be fetched."""
    assert read_name(f"https://mirror.example/{REPOSITORY}", endpoint="https://mirror.example") == Wanted(
        repository=REPOSITORY
    )


@given(st.text(alphabet="ab./\\-:\x00", max_size=12))
def test_a_plain_path_never_leaves_its_folder(path: str) -> None:
    """Whatever the hub names, it lands below the models folder."""
    if is_plain_path(path):
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert "\\" not in path
        assert "\x00" not in path
