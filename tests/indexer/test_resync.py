"""An edit embeds again only what it changed: behind it, chunks end where they ended before."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.catalog import Catalog
from indexer.chunking import capacity_for, chunk_document
from indexer.extract import extract
from indexer.index import Index, NewDocument
from tests.indexer.documents import STATE
from tests.indexer.fakes import InMemoryWorker
from tests.indexer.tokenizer import minilm_counter

ROOT = Path("/notes")
MOST = 3
"""Chunks that one inserted paragraph may cost."""

_WORDS = [
    *("harbour", "letter", "winter", "garden", "engine", "paper", "window", "market", "river", "teacher"),
    *("bridge", "summer", "kitchen", "village", "morning", "office", "island", "doctor", "station", "forest"),
]
INSERTED = "This paragraph was not here before. It says that the ferry leaves at noon on Sundays."


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """Return an empty index with one root."""
    index = Index(Catalog.open(tmp_path / "catalog.sqlite"), InMemoryWorker())
    index.add_root(ROOT)
    yield index
    index.close()


def sentence(drawn: random.Random) -> str:
    """Make up a sentence."""
    return " ".join(drawn.choice(_WORDS) for _ in range(drawn.randint(6, 18))).capitalize() + "."


def paragraphs(count: int, *, seed: int = 1) -> list[str]:
    """Make up paragraphs of one to nine sentences."""
    drawn = random.Random(seed)
    return [" ".join(sentence(drawn) for _ in range(drawn.randint(1, 9))) for _ in range(count)]


def prose() -> list[str]:
    """Make up paragraphs under no heading."""
    return paragraphs(700)


def sections() -> list[str]:
    """Make up a document of many sections of two levels, of a few lines and of many."""
    drawn = random.Random(2)
    pieces = ["# The handbook"]
    for number, text in enumerate(paragraphs(600, seed=3)):
        if drawn.random() < 0.2:
            pieces.append(f"{'#' * drawn.randint(2, 3)} Part {number} about {drawn.choice(_WORDS)}")
        pieces.append(text)
    return pieces


def code() -> list[str]:
    """Make up a module of functions."""
    drawn = random.Random(4)
    pieces = ['"""A module."""']
    for number in range(500):
        body = "\n".join(
            f"    {drawn.choice(_WORDS)} = {drawn.choice(_WORDS)}({drawn.randint(0, 999)})"
            for _ in range(drawn.randint(2, 14))
        )
        pieces.append(f"def {drawn.choice(_WORDS)}_{number}():\n{body}\n    return {number}")
    return pieces


def unbroken() -> list[str]:
    """Make up a text without any paragraphs: one long line."""
    return [" ".join(paragraphs(600, seed=5))]


def document_of(name: str, text: str) -> NewDocument:
    """Read and chunk a file as the extraction child does."""
    path = ROOT / name
    document = extract(path, text.encode())
    chunks = chunk_document(document, counter=minilm_counter(), capacity_tokens=capacity_for(254))
    return NewDocument(path=path, root=ROOT, state=STATE, title=path.stem, chunks=chunks)


@pytest.mark.parametrize(
    ("name", "pieces", "inserted"),
    [
        ("prose.txt", prose(), INSERTED),
        ("prose.md", prose(), INSERTED),
        ("sections.md", sections(), INSERTED),
        ("module.py", code(), "def new_one():\n    return 'the ferry leaves at noon'"),
        ("unbroken.txt", unbroken(), INSERTED),
    ],
)
@pytest.mark.parametrize("share", [0.0, 0.5], ids=["at the top", "in the middle"])
def test_an_inserted_paragraph_embeds_three_chunks_at_most(
    index: Index, name: str, pieces: list[str], inserted: str, share: float
) -> None:
    """Of a file of 200 chunks and more, and then the one that is found is the new text."""
    before = document_of(name, "\n\n".join(pieces) + "\n")
    assert len(before.chunks) >= 200
    index.put_documents([before])
    embedded = index.embedded_total
    at = int(share * len(pieces))
    edited = "\n\n".join([*pieces[:at], inserted, *pieces[at:]]) + "\n"
    index.put_documents([document_of(name, edited)])
    assert 1 <= index.embedded_total - embedded <= MOST
    assert index.lexical('"ferry"', top_k=5)


def test_the_cuts_of_other_prose_fall_into_step_as_well() -> None:
    """Not of one text alone: of sixteen insertions nearly all cost three chunks at most, and none many."""
    counter, capacity = minilm_counter(), capacity_for(254)

    def embedded(pieces: list[str]) -> set[str]:
        document = extract(ROOT / "prose.md", "\n\n".join(pieces).encode())
        chunks = chunk_document(document, counter=counter, capacity_tokens=capacity)
        return {chunk.embedded_text for chunk in chunks}

    costs: list[int] = []
    for seed in range(10, 18):
        pieces = paragraphs(600, seed=seed)
        before = embedded(pieces)
        costs += [len(embedded([*pieces[:at], INSERTED, *pieces[at:]]) - before) for at in (0, 300)]
    assert max(costs) <= 5
    assert sum(cost <= MOST for cost in costs) >= 14
