"""What indexing costs beyond embedding: a folder end to end, the embedder alone, and a plain script.

The folder is made up: Markdown files of about 2,000 chunks together, notes of a few lines beside long
pages. End to end is the real path: walk, extraction child, chunking, worker child, Chroma and catalog.
The embedder alone gets exactly the chunks that path made, with the same settings. The plain script is
what one writes first: SentenceTransformer as it comes, and Chroma given documents and embeddings. Models
are loaded, and one text embedded, before the clock starts. Rounds take turns, because a machine's own
speed changes from minute to minute; the table shows the best of each.

    python -m benchmarks.bench_indexing [--chunks 2000] [--rounds 2] [--threads 0]
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import chromadb
import psutil
from sentence_transformers import SentenceTransformer

from benchmarks.vocabulary import common_words
from indexer.children import child_environment
from indexer.chunking import capacity_for
from indexer.config import EmbeddingSettings, IndexerSettings
from indexer.embedding import Embedder, bundled_folder
from indexer.extract import is_supported
from indexer.extract.sandbox import Sandbox
from indexer.index import Index
from indexer.paths import Places
from indexer.pipeline import Pipeline
from indexer.walk import WalkRules

SEED = 20261123

PARAGRAPHS_PER_CHUNK = 2.0


def write_corpus(folder: Path, *, chunks: int) -> None:
    """Write Markdown files of made-up sentences, about so many chunks of text together."""
    rng = random.Random(SEED)
    words = common_words()
    rng.shuffle(words)
    # Zipf's law, as in real text: few words are most of it.
    weights = [1 / rank for rank in range(1, len(words) + 1)]

    def sentence() -> str:
        return " ".join(rng.choices(words, weights, k=rng.randint(6, 24))).capitalize() + "."

    def paragraph() -> str:
        return " ".join(sentence() for _ in range(rng.randint(2, 6)))

    written, number = 0.0, 0
    while written < chunks:
        # most files are notes of one section, a few are pages of many.
        sections = rng.choice([1, 1, 1, 2, 3, 12])
        parts: list[str] = []
        for _ in range(sections):
            parts.append(f"## {sentence()[:40]}")
            parts.extend(paragraph() for _ in range(rng.randint(1, 4)))
        path = folder / f"folder-{number % 12}" / f"note-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        # as it turns out for this text.
        written += (len(parts) - sections) / PARAGRAPHS_PER_CHUNK
        number += 1


def index_folder(folder: Path, home: Path, settings: EmbeddingSettings) -> tuple[float, list[str]]:
    """Index a folder into an empty home; return the seconds it took and what was embedded."""
    places = Places(config_file=home / "config.toml", home=home)
    index = Index.open(places, IndexerSettings(embedding=settings))
    index.ready()
    index.dense("warm up", top_k=1)
    info = index.describe()
    sandbox = Sandbox(
        tokenizer_file=info.tokenizer_file,
        capacity_tokens=capacity_for(info.capacity_tokens),
        timeout_s=60,
        memory_mb=2048,
        work_dir=places.work_dir,
    )
    rules = WalkRules(exclude=(), max_file_bytes=64_000_000, is_supported=is_supported)
    pipeline = Pipeline(index, rules=rules, open_reader=lambda: sandbox, home=home)
    pipeline.start()
    started = time.perf_counter()
    pipeline.add_root(folder)
    while not pipeline.progress().is_idle:
        time.sleep(0.01)
    took_s = time.perf_counter() - started
    pipeline.close()
    found = index.chunks(range(1, 10 * index.chunk_count()))
    texts = [
        " > ".join(chunk.locator.headings) + "\n" * bool(chunk.locator.headings) + chunk.text
        for chunk in found
    ]
    index.close()
    return took_s, texts


def run_alone(job: str, texts: Sequence[str], settings: EmbeddingSettings, home: Path) -> float:
    """Run one of the two yardsticks in a fresh process, as the worker is one; return the seconds it took."""
    file = home / "texts.json"
    file.write_text(json.dumps({"texts": list(texts), "settings": settings.model_dump()}), encoding="utf-8")
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_indexing", "--job", job, "--home", str(home)],
        check=True,
        capture_output=True,
        text=True,
        # the embedder alone gets the worker's environment, the plain script that of whoever runs it.
        env={
            **(child_environment() if job == "alone" else os.environ),
            "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": str(Path(__file__).parent.parent),
        },
    )
    return float(finished.stdout.split()[-1])


def embed_alone(texts: Sequence[str], settings: EmbeddingSettings, home: Path) -> float:
    """Embed texts with our embedder and do nothing with the vectors."""
    embedder = Embedder.load(settings, cache_dir=home)
    embedder.embed_documents(["warm up"])
    started = time.perf_counter()
    embedder.embed_documents(texts)
    return time.perf_counter() - started


def index_plainly(texts: Sequence[str], settings: EmbeddingSettings, home: Path) -> float:
    """Do what a plain script does: the model's defaults, and everything into Chroma."""
    model = SentenceTransformer(settings.model or str(bundled_folder()))
    collection = chromadb.PersistentClient(path=str(home / "plain")).create_collection(
        "documents", embedding_function=None
    )
    model.encode(["warm up"])
    started = time.perf_counter()
    embeddings = model.encode(list(texts))
    for start in range(0, len(texts), 1_000):
        part = list(texts[start : start + 1_000])
        ids = [str(start + at) for at in range(len(part))]
        collection.add(ids=ids, embeddings=embeddings[start : start + 1_000], documents=part)
    return time.perf_counter() - started


JOBS: dict[str, Callable[[Sequence[str], EmbeddingSettings, Path], float]] = {
    "alone": embed_alone,
    "plain": index_plainly,
}


def describe_machine(settings: EmbeddingSettings) -> str:
    """Return one line about where this was measured."""
    cpu = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [
            line.partition(":")[2].strip()
            for line in cpuinfo.read_text().splitlines()
            if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "sentence-transformers", "chromadb"))
    cores = psutil.cpu_count(logical=False) or os.cpu_count()
    threads = settings.threads or "all"
    return f"{cpu}, {cores} cores, {threads} threads used; Python {platform.python_version()}, {packages}"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--chunks", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        task = json.loads((options.home / "texts.json").read_text(encoding="utf-8"))
        print(JOBS[options.job](task["texts"], EmbeddingSettings(**task["settings"]), options.home))
        return
    settings = EmbeddingSettings(threads=options.threads)
    print(describe_machine(settings))
    times: dict[str, list[float]] = {"end to end": [], "alone": [], "plain": []}
    texts: list[str] = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="kb-") as name:
            folder, home = Path(name) / "files", Path(name) / "home"
            write_corpus(folder, chunks=options.chunks)
            took_s, texts = index_folder(folder, home, settings)
            times["end to end"].append(took_s)
            for job in JOBS:
                times[job].append(run_alone(job, texts, settings, home))
    best = {name: min(values) for name, values in times.items()}
    average = sum(map(len, texts)) // len(texts)
    print(f"{len(texts)} chunks, {average} characters on average; best of {options.rounds}")
    print(f"{'':<34}{'seconds':>9}{'chunks/s':>10}{'against end to end':>20}")
    labels = {
        "end to end": "folder to searchable index",
        "alone": "the same chunks embedded alone",
        "plain": "plain script",
    }
    for name, label in labels.items():
        ratio = best[name] / best["end to end"]
        print(f"{label:<34}{best[name]:>9.1f}{len(texts) / best[name]:>10.1f}{ratio:>19.2f}x")
    share, gain = best["alone"] / best["end to end"], best["plain"] / best["end to end"]
    print(f"{share:.0%} of the throughput of embedding alone (goal: 85 %)")
    print(f"{gain:.1f} times the plain script (goal: 2.5)")


if __name__ == "__main__":
    main()
