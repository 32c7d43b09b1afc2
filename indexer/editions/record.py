"""Which index answers, and what each index on this machine was made with: one small file.

It is replaced as a whole, so that a crash leaves the old word or the new one.
Which index answers is decided here and nowhere else.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from indexer.chunking import CHUNKER_VERSION
from indexer.config import EmbeddingSettings
from indexer.errors import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an index is made with; a change of any of it asks for another index."""

    model: str
    """Folder of the embedding model; empty for the bundled one."""

    chunk_tokens: int
    """As in `EmbeddingSettings`."""

    chunker: str = CHUNKER_VERSION

    @classmethod
    def of(cls, settings: EmbeddingSettings) -> Self:
        """Return what these settings ask for."""
        folder = os.path.abspath(Path(settings.model).expanduser()) if settings.model else ""  # noqa: PTH100 - links stay
        return cls(model=folder, chunk_tokens=settings.chunk_tokens)

    def settings(self, configured: EmbeddingSettings) -> EmbeddingSettings:
        """Return the configured settings, with the model that this index is of."""
        return configured.model_copy(update={"model": self.model, "chunk_tokens": self.chunk_tokens})

    @property
    def title(self) -> str:
        """The model's name, for people."""
        return Path(self.model).name or "all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Every index that is kept, by the name of its edition; the first one's is empty."""

    current: str
    """The edition that answers."""

    made: Mapping[str, Made] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    """Editions that held everything once, the last to answer last."""

    def named(self, made: Made) -> str:
        """Return the edition that was made so, or the name of one to make."""
        for name, each in self.made.items():
            if each == made:
                return name
        digest = hashlib.blake2b(json.dumps(asdict(made)).encode("utf-8", "surrogatepass"), digest_size=6)
        return digest.hexdigest()

    def begun(self, name: str, made: Made) -> "Record":
        """Return the record with an edition that is being built."""
        return Record(current=self.current, made={**self.made, name: made}, whole=self.whole)

    def switched(self, name: str) -> "Record":
        """Return the record of the moment from which on an edition answers."""
        whole = tuple(each for each in (*self.whole, self.current) if each != name)
        return Record(current=name, made=self.made, whole=(*dict.fromkeys(whole), name))

    def without(self, name: str) -> "Record":
        """Return the record once an edition is deleted."""
        made = {each: how for each, how in self.made.items() if each != name}
        return Record(current=self.current, made=made, whole=tuple(x for x in self.whole if x != name))


def load_record(file: Path) -> Record | None:
    """Read the file; `None` where there is none, or none that can be understood."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
        made = {str(name): Made(**how) for name, how in value["made"].items()}
        return Record(current=str(value["current"]), made=made, whole=tuple(map(str, value["whole"])))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def save_record(file: Path, record: Record) -> None:
    """Replace the file; from then on, also after a power cut, it is the word.

    Raises:
        StoreError: If it cannot be written.
    """
    value = {
        "current": record.current,
        "made": {name: asdict(how) for name, how in record.made.items()},
        "whole": list(record.whole),
    }
    beside = file.with_name(file.name + ".new")
    try:
        with beside.open("w", encoding="ascii") as stream:
            json.dump(value, stream)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(f"cannot write {file}: {error.strerror}", hint="free some space") from error
