"""The config file: what is wrong with it is said in words of its own, with key, value and what is allowed."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import Settings
from indexer.config import IndexerSettings, load_settings
from indexer.errors import ConfigError


def refused(file: Path, content: bytes) -> ConfigError:
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, Settings)
    return caught.value


@pytest.mark.parametrize(
    ("text", "found", "allowed"),
    [
        ("[index]\nmax_file_mb = 0", "index.max_file_mb = 0", "a whole number from 1 to 4096"),
        ("[index]\nmax_file_mb = 1.5", "index.max_file_mb = 1.5", "a whole number from 1 to 4096"),
        ("[index]\nmax_file_mb = true", "index.max_file_mb = true", "a whole number from 1 to 4096"),
        ("[embedding]\nthreads = -1", "embedding.threads = -1", "a whole number from 0 to 256"),
        ("[embedding]\nmodel = 7", "embedding.model = 7", "a text in quotes"),
        (
            '[index]\nexclude = "*.log"',
            'index.exclude = "*.log"',
            'a list of texts, as in ["*.log", "drafts/"]',
        ),
        ("[index]\nexclude = [3]", "index.exclude = 3", 'a list of texts, as in ["*.log", "drafts/"]'),
        (
            "[embedding]\ndevice = ['cpu']",
            'embedding.device = ["cpu"]',
            '"auto", "cuda", "mps" or "cpu"',
        ),
        ("[answer]\ntemperature = 'hot'", 'answer.temperature = "hot"', "a number from -1.0 to 2.0"),
        (
            "[answer]\ntemperature = 2099-01-01",
            "answer.temperature = 2099-01-01",
            "a number from -1.0 to 2.0",
        ),
        ("index = 3", "index = 3", "a section with keys of its own"),
        ("[[index]]\nmax_file_mb = 3", "index = [{max_file_mb = 3}]", "a section with keys of its own"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(
    text: str, found: str, allowed: str, tmp_path: Path
) -> None:
    """Key and value stand as in the file."""
    file = tmp_path / "config.toml"
    error = refused(file, text.encode())
    assert error.message == f"{file}: {found} is not allowed; it must be {allowed}"
    assert error.hint == "run `kb config edit`"


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    """The sentence stays one that can be read."""
    file = tmp_path / "config.toml"
    error = refused(file, f'[index]\nmax_file_mb = "{"x" * 500}"'.encode())
    assert len(error.message) < 250
    assert "…" in error.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[embeding]\n", "unknown key embeding; allowed here: answer, embedding, history, index, "),
        ("[embedding]\nmodle = ''", "unknown key embedding.modle; allowed here: chunk_tokens, device, "),
    ],
)
def test_an_unknown_key_is_told_with_those_that_are_known(text: str, said: str, tmp_path: Path) -> None:
    """A misspelt key is found by whoever types `kb`."""
    file = tmp_path / "config.toml"
    assert refused(file, text.encode()).message.startswith(f"{file}: {said}")


def test_a_file_that_is_no_text_names_the_line(tmp_path: Path) -> None:
    """As saved by an editor with another encoding."""
    file = tmp_path / "config.toml"
    error = refused(file, b"# first\n# caf\xe9\n")
    assert (error.message, error.hint) == (
        f"{file} is not UTF-8 text: line 2 holds the byte 0xe9",
        "save it as UTF-8",
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder of that name is no config."""
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, IndexerSettings)
    assert caught.value.message == f"cannot read {tmp_path}: is a directory"


def test_a_table_is_refused_by_its_key(tmp_path: Path) -> None:
    """What stands in it are texts."""
    file = tmp_path / "config.toml"
    file.write_text("[tui]\nkeys = { help = 1 }\n", encoding="utf-8")
    assert complaint(file) == (
        f'{file}: tui.keys.help = 1 is not allowed; it must be a table of texts, as in {{ name = "text" }}'
    )


KEYS = [
    f"{section}.{key}"
    for section, field in Settings.model_fields.items()
    for key in getattr(field.annotation, "model_fields", {})
]


@given(
    key=st.sampled_from(KEYS),
    value=st.one_of(
        st.integers(-(2**40), 2**40),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.text(st.characters(categories=["L"]), max_size=5),
        st.lists(st.integers(0, 9), max_size=2),
    ),
)
def test_no_value_is_answered_in_the_words_of_a_library(key: str, value: object) -> None:
    """Whatever stands there, it is taken, or refused in a sentence of ours."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        file.write_text(f"{key} = {json.dumps(value, ensure_ascii=False)}\n", encoding="utf-8")
        said = complaint(file)
        if said:
            assert said.startswith(f"{file}: {key} = ")
            assert "; it must be " in said
            assert not {"input", "valid", "kind"} & set(said.rpartition("; it must be ")[2].split())


def complaint(file: Path) -> str:
    """Return what is said of a config; nothing of one that can be used."""
    try:
        load_settings(file, Settings)
    except ConfigError as error:
        return error.message
    return ""
