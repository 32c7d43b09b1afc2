"""What an engine is started with, and how a client recognises that engine again."""

import hashlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from indexer.paths import Places
from indexer.release import RELEASE

EXIT_ANOTHER_RUNS = 75
"""Exit code of an engine that found another one serving."""

ENGINE_API = 2
"""Changes when older clients no longer understand the engine, so that it is replaced."""

_GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One model and its settings."""

    model: Path
    context_tokens: int
    """0 for what fits."""

    gpu_layers: int
    """Layers on the GPU; -1 for as many as fit."""

    threads: int
    """0 for all physical cores."""

    keep_alive_s: int
    """Seconds without a question after which the engine leaves; 0 to leave after each answer."""

    kv_type: str = "auto"
    """Numbers that the context is kept in; "auto" for what fits."""

    batch_tokens: int = 0
    """Tokens of a prompt evaluated at a time; 0 for what suits the device."""

    draft: Path | None = None
    """A small model with the same vocabulary that guesses ahead."""

    def identity(self) -> str:
        """Name this model, its settings and our release: "SETTINGS-FILE", for `is_same_engine`.

        `keep_alive_s` is left out: no one should wait for a model to load again because of it.
        """
        try:
            stat = self.model.stat()
            version = _digest(stat.st_size, stat.st_mtime_ns)
        except OSError:
            version = _GONE
        settings = (
            self.model,
            self.context_tokens,
            self.gpu_layers,
            self.threads,
            self.kv_type,
            self.batch_tokens,
            self.draft,
        )
        return f"{_digest(RELEASE, ENGINE_API, *settings)}-{version}"

    def arguments(self, places: Places) -> list[str]:
        """Write the command line of `python -m assistant.engine`."""
        return [
            f"--home={places.home}",
            f"--model={self.model}",
            f"--context-tokens={self.context_tokens}",
            f"--gpu-layers={self.gpu_layers}",
            f"--threads={self.threads}",
            f"--keep-alive-s={self.keep_alive_s}",
            f"--kv-type={self.kv_type}",
            f"--batch-tokens={self.batch_tokens}",
            *([f"--draft={self.draft}"] if self.draft else []),
        ]

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> tuple[Places, Self]:
        """Read a command line; a wrong one ends the process with exit code 2."""
        # deferred: a face only writes command lines.
        import argparse

        parser = argparse.ArgumentParser(
            prog="python -m assistant.engine", description="Hold a language model for kb, until it is idle."
        )
        parser.add_argument("--home", type=Path, help="kb's directory; this user's if left out")
        parser.add_argument("--model", type=Path, required=True, help="GGUF file")
        parser.add_argument("--context-tokens", type=int, default=0, help="0 for what fits")
        parser.add_argument("--gpu-layers", type=int, default=-1, help="-1 for as many as fit")
        parser.add_argument("--threads", type=int, default=0, help="0 for all physical cores")
        parser.add_argument("--keep-alive-s", type=int, default=600, help="0 to leave after each answer")
        parser.add_argument("--kv-type", choices=("auto", "f16", "q8_0", "q4_0"), default="auto")
        parser.add_argument("--batch-tokens", type=int, default=0, help="0 for what suits the device")
        parser.add_argument("--draft", type=Path, help="GGUF file of a small model that guesses ahead")
        values = parser.parse_args(arguments)
        if values.home is None:
            places = Places.discover()
        else:
            places = Places(config_file=values.home / "config.toml", home=values.home)
        return places, cls(
            model=values.model,
            context_tokens=values.context_tokens,
            gpu_layers=values.gpu_layers,
            threads=values.threads,
            keep_alive_s=values.keep_alive_s,
            kv_type=values.kv_type,
            batch_tokens=values.batch_tokens,
            draft=values.draft,
        )


def is_same_engine(wanted: str, held: str) -> bool:
    """Say whether the engine of one identity answers for another.

    A file that was replaced is another model; one that was deleted is still the model that is loaded.
    """
    settings, _, version = wanted.partition("-")
    return wanted == held or (version == _GONE and settings == held.partition("-")[0])


def is_listening(path: Path) -> bool:
    """Tell a live socket from a stale one, by connecting to it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _digest(*parts: object) -> str:
    text = ":".join(map(str, parts)).encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=8).hexdigest()
