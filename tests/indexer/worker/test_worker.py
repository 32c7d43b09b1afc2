"""The real worker child: it embeds, stores, answers questions first, and survives being killed."""

import os
import signal
import threading

import numpy as np
import pytest

from indexer.chunking import CHUNKER_VERSION
from indexer.types import Embeddings
from indexer.windows import best_windows
from indexer.worker import Worker

HENS = ["Hens lay eggs in the barn.", "The server room needs a new switch.", "Bread is baked at four."]


def ids_of(prefix: str, count: int) -> list[str]:
    """Return ids that no other test uses."""
    return [f"{prefix}-{number:04}" for number in range(count)]


def embed_and_store(worker: Worker, ids: list[str], texts: list[str]) -> Embeddings:
    """Embed texts, and store them under these ids."""
    made = worker.embed(texts)
    worker.store(ids, made.vectors)
    return made


def test_it_says_what_it_is(worker: Worker) -> None:
    """The facts are those of the bundled model: 254 tokens beside the special ones, 384 dimensions."""
    facts = worker.describe()
    assert (facts.model, facts.dim, facts.capacity_tokens) == ("all-MiniLM-L6-v2", 384, 254)
    assert facts.tokenizer_file.is_file()
    assert facts.store_error == ""
    assert facts.memory_bytes > 50_000_000
    assert facts.fingerprint.endswith(f"-384-chunker-{CHUNKER_VERSION}")


def test_what_is_stored_is_found(worker: Worker) -> None:
    """The nearest of the stored texts is the one that means the same, with its cosine."""
    ids = ids_of("found", 3)
    vectors = embed_and_store(worker, ids, HENS).vectors
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    query, found = worker.search("Where do the chickens live?", 3)
    worker.delete(ids)
    assert [vector_id for vector_id, _ in found] == sorted(
        ids, key=lambda each: -float(vectors[ids.index(each)] @ query)
    )
    assert found[0][0] == ids[0]
    assert found[0][1] == pytest.approx(float(vectors[0] @ query), abs=1e-4)


def test_vectors_come_in_the_order_of_the_texts(worker: Worker) -> None:
    """However the texts are batched by length, each gets its own vector."""
    texts = [HENS[number % 3] + " And so on." * (number % 7) for number in range(24)]
    ids = ids_of("order", len(texts))
    together = embed_and_store(worker, ids, texts).vectors
    for number in (0, 5, 23):
        alone = worker.embed_query(texts[number])
        assert float(alone @ together[number]) > 0.995
    worker.delete(ids)


def test_each_text_comes_with_its_windows(worker: Worker) -> None:
    """The window that says what is asked is nearer to the question than the long text around it."""
    texts = ["The harbour was cold. " * 20 + HENS[0] + " Boats came and went." * 20, HENS[1]]
    ids = ids_of("windows", 2)
    made = embed_and_store(worker, ids, texts)
    worker.delete(ids)
    query = worker.embed_query(HENS[0])
    found = best_windows(made.windows, query)
    assert found[0] > float(made.vectors[0] @ query) + 0.1
    assert found[1] == pytest.approx(float(made.vectors[1] @ query), abs=0.03)


def test_known_vectors_can_be_put_back_and_listed(worker: Worker) -> None:
    """Vectors stored without a text are found, listed, probed and deleted like others."""
    ids = ids_of("known", 150)
    vectors = np.random.default_rng(1).standard_normal((150, 384)).astype(np.float32)
    worker.store(ids, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    assert set(ids) <= set(worker.ids())
    worker.probe(ids)
    worker.delete(ids[:100])
    assert set(ids) & set(worker.ids()) == set(ids[100:])
    worker.delete(ids[100:])


def test_questions_overtake_indexing(worker: Worker) -> None:
    """A question that comes while a long batch is embedded is answered before the batch is done."""
    texts = [" ".join(HENS) * 4 + str(number) for number in range(120)]
    indexing = threading.Thread(target=worker.embed, args=(texts,))
    indexing.start()
    # the same pipe carries both, so the batch has arrived when the first of these is answered.
    worker.embed_query("Who lays eggs?")
    worker.embed_query("What is baked?")
    assert indexing.is_alive()
    indexing.join()


def test_a_killed_child_loses_nothing(worker: Worker) -> None:
    """A batch under way when the child is killed is embedded by the next one; what was stored is there."""
    before = ids_of("before", 3)
    embed_and_store(worker, before, HENS)
    pid = worker.describe().pid
    ids = ids_of("killed", 60)
    vectors: list[object] = []
    texts = [" ".join(HENS) * 4 + str(number) for number in range(60)]
    indexing = threading.Thread(
        target=lambda: vectors.append(embed_and_store(worker, ids, texts).vectors.shape)
    )
    indexing.start()
    worker.embed_query("Is the batch under way?")
    os.kill(pid, signal.SIGKILL)
    indexing.join()
    assert vectors == [(60, 384)]
    assert worker.describe().pid != pid
    assert {*before, *ids} <= set(worker.ids())
    worker.probe([*before, *ids])
    worker.delete([*before, *ids])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_does_not_end_it(worker: Worker, number: signal.Signals) -> None:
    """Its parent ends it, between two writes and not in the middle of one."""
    pid = worker.describe().pid
    os.kill(pid, number)
    worker.embed_query("hens")
    assert worker.describe().pid == pid
