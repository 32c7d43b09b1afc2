"""A person with models of several programs, and kb's home beside them."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.assistant.cli.kb import Run, kb
from tests.assistant.engine.models.ggufs import WORDS, write_head
from tests.assistant.engine.models.programs import put_into_ollama
from tests.models.wired_gguf import write_random_model, write_scripted_model


@dataclass(frozen=True, slots=True)
class Person:
    """A home directory of its own, in which nothing of this machine's user stands."""

    home: Path

    @property
    def kb_home(self) -> Path:
        """Where kb lives."""
        return self.home / "kb"

    @property
    def config(self) -> Path:
        """The config file."""
        return self.kb_home / "config.toml"

    @property
    def environ(self) -> dict[str, str]:
        """The variables of this person's shell."""
        return {"HOME": str(self.home)}

    def kb(self, *arguments: str, **more: str) -> Run:
        """Run `kb` as this person."""
        return kb(self.kb_home, *arguments, environ={**self.environ, **more})


@pytest.fixture
def nobody() -> Iterator[Person]:
    """Somebody without any model."""
    # not pytest's own folder: a socket's path must be short.
    home = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    (home / "kb").mkdir()
    yield Person(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def person() -> Iterator[Person]:
    """Somebody with models of Ollama, LM Studio and kb; tests leave them as they are."""
    home = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    made = Person(home)
    own = made.kb_home / "models"
    own.mkdir(parents=True)
    studio = home / ".lmstudio" / "models"
    answering = write_scripted_model(home / "answering.gguf", ["Yes", "."])
    put_into_ollama(
        home / ".ollama" / "models",
        "registry.ollama.ai/library/tiny/1m",
        model=answering.read_bytes(),
        license=b"MIT License\n\nCopyright (c) somebody",
    )
    answering.unlink()
    (studio / "acme" / "Wired-1B-GGUF").mkdir(parents=True)
    whole = write_random_model(studio / "acme" / "Wired-1B-GGUF" / "Wired-1B-Instruct-F16.gguf").read_bytes()
    (own / "half.gguf").write_bytes(whole[: len(whole) // 2])
    write_head(
        studio / "nomic" / "embed-GGUF" / "nomic-embed.gguf",
        {"general.architecture": "nomic-bert", "nomic-bert.pooling_type": 1, **WORDS},
    )
    write_head(studio / "acme" / "Wired-1B-GGUF" / "mmproj-F16.gguf", {"general.architecture": "clip"})
    yield made
    shutil.rmtree(home, ignore_errors=True)
