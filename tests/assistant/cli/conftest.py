"""One home with a small vault, its daemon running, for every test that only reads."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.assistant.cli.kb import kb
from tests.models.wired_gguf import write_scripted_model

NOTES = {
    "cabin.md": (
        "# Cabin\n\nThe cabin was bought in 1987 by Ada Lindqvist.\n\n"
        "## Rent\n\nThe rent is 4,200 kr a month.\n"
    ),
    "lease.md": (
        "# Lease\n\nPay the landlord Oskar Berg by the fifth of every month.\nHis phone is 070-123456.\n"
    ),
    "bread.md": (
        "# Sourdough\n\nMix 500 g of flour with 350 g of water.\nBake for 45 minutes at 230 degrees.\n"
    ),
    "sub/wifi.txt": "The wifi password of the cabin is blue-heron-77.\n",
    "sub/nasty [1].md": "# Beacon\n\nThe beacon \x1b[31mglows\x1b[0m \u202eder\u202c at dusk.\n",
}


@dataclass(frozen=True, slots=True)
class Home:
    """A `KB_HOME` whose daemon has indexed a vault."""

    path: Path
    vault: Path
    answering: Path
    """A model that answers everything with one cited sentence."""

    refusing: Path
    """A model that refuses everything."""

    endless: Path
    """A model that never stops."""

    thinking: Path
    """A model that thinks before it answers."""

    brooding: Path
    """A model that thinks and writes no answer."""


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    """Index the vault once, through the real command line."""
    # not pytest's own folder: a socket's path must be short.
    base = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    vault = base / "vault"
    for name, text in NOTES.items():
        file = vault / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    models = base / "gguf"
    models.mkdir()
    made = Home(
        path=base / "home",
        vault=vault,
        answering=write_scripted_model(
            models / "answering.gguf", ["The rent is 4,200 kr a month", " [1]", ".", " \x1b[2J[9]"]
        ),
        refusing=write_scripted_model(models / "refusing.gguf", ["Not in", " your files."]),
        endless=write_scripted_model(
            models / "endless.gguf", ["and", " so", " on,", " "], is_endless=True, layers=24
        ),
        thinking=write_scripted_model(
            models / "thinking.gguf", ["<think>", "Cabin or", " lease?", "</think>", "4,200 kr", " [1]", "."]
        ),
        brooding=write_scripted_model(models / "brooding.gguf", ["<think>", "Hm,", " hard."]),
    )
    try:
        added = kb(made.path, "add", str(vault))
        assert added.code == 0, added.err
        yield made
    finally:
        kb(made.path, "engine", "stop")
        kb(made.path, "indexer", "stop")
        shutil.rmtree(base, ignore_errors=True)
