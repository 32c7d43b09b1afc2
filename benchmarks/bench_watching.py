"""From saving a file to finding it, through the running daemon that nobody told of it.

    make bench-watching
    python -m benchmarks.bench_watching --rounds 100
    python -m benchmarks.bench_watching --backlog 100000

A daemon of its own watches a folder of notes. Each round saves a note with a
sentence that no other holds, by turns in place, as a new file, and by writing
beside and renaming, and asks for it until it is found. With a backlog, all is
measured again while a folder of so many chunks is being indexed.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.bench_search import machine, percentile
from benchmarks.vocabulary import make_vocabulary
from indexer.client import IndexerClient, connect
from indexer.paths import Places

NOTES = 200
ASK_EVERY_S = 0.01
GIVE_UP_S = 30.0
FILE_CHUNKS = 50
CHUNK_WORDS = 130
WARM_CHUNKS = 256


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--backlog", type=int, default=0, help="chunks that are queued while it is measured")
    arguments = parser.parse_args()
    print(machine())
    # a socket path has to be short.
    with tempfile.TemporaryDirectory(prefix="kb-", dir="/tmp", ignore_cleanup_errors=True) as name:
        home, folder = Path(name) / "home", Path(name) / "notes"
        folder.mkdir()
        for number in range(NOTES):
            (folder / f"{number}.md").write_text(f"Note {number} is about the weather.\n", encoding="utf-8")
        client = connect(Places(config_file=home / "config.toml", home=home))
        try:
            client.add_root(folder)
            for _ in client.progress():
                pass
            idle = measure(client, folder, arguments.rounds, first=0)
            report("idle (at most 0.5, 1.0)", idle)
            if arguments.backlog:
                backlog = Path(name) / "backlog"
                chunks = fill(backlog, arguments.backlog)
                client.add_root(backlog)
                wait_until_under_way(client)
                begun_at, begun = time.perf_counter(), client.status()["chunks"]
                busy = measure(client, folder, arguments.rounds, first=arguments.rounds)
                indexed = client.status()["chunks"] - begun
                report(f"{chunks:,} chunks queued (at most 2.0)", busy)
                rate = indexed / (time.perf_counter() - begun_at)
                print(f"meanwhile {indexed:,} chunks of the backlog were indexed, {rate:.0f} a second")
        finally:
            client.stop()
    return 0


def measure(client: IndexerClient, folder: Path, rounds: int, *, first: int) -> dict[str, list[float]]:
    """Save and find so many times; return the seconds of each way to save."""
    took_s: dict[str, list[float]] = {"in place": [], "new file": [], "renamed": []}
    for number in range(first, first + rounds):
        how = list(took_s)[number % 3]
        took_s[how].append(save_and_find(client, folder, how, number))
    return took_s


def fill(folder: Path, chunks: int) -> int:
    """Write files of paragraphs that make about so many chunks; return how many paragraphs those are."""
    random = np.random.default_rng(1)
    words = np.array(make_vocabulary(random, words=20_000))
    folder.mkdir()
    for start in range(0, chunks, FILE_CHUNKS):
        drawn = words[random.integers(len(words), size=(FILE_CHUNKS, CHUNK_WORDS))]
        text = "\n\n".join(f"# Part {start + at}\n\n{' '.join(row)}." for at, row in enumerate(drawn))
        (folder / f"{start}.md").write_text(text, encoding="utf-8")
    return -(-chunks // FILE_CHUNKS) * FILE_CHUNKS


def wait_until_under_way(client: IndexerClient) -> None:
    """Wait until the backlog is being embedded, and not only listed."""
    before = client.status()["chunks"]
    while client.status()["chunks"] < before + WARM_CHUNKS:
        time.sleep(0.5)


def save_and_find(client: IndexerClient, folder: Path, how: str, number: int) -> float:
    """Save a sentence and ask until it is found; return the seconds."""
    word = f"zebra{number}crossing"
    path = folder / f"{'fresh-' if how == 'new file' else ''}{number % NOTES}.md"
    text = f"The secret word is {word}.\n"
    if how == "renamed":
        beside = path.with_suffix(".tmp")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    else:
        path.write_text(text, encoding="utf-8")
    saved = time.perf_counter()
    while time.perf_counter() - saved < GIVE_UP_S:
        if any(word in passage.text for passage in client.search(word, top_k=3).passages):
            return time.perf_counter() - saved
        time.sleep(ASK_EVERY_S)
    raise SystemExit(f"bench_watching: {path} was not found within {GIVE_UP_S:.0f} s")


def report(what: str, took_s: dict[str, list[float]]) -> None:
    """Print a row for each way to save, and one for all."""
    print(f"{what:44}{'p50 s':>8}{'p95 s':>8}{'max s':>8}{'rounds':>8}")
    everything = [each for times in took_s.values() for each in times]
    for how, times in {**took_s, "all": everything}.items():
        row = (statistics.median(times), percentile(times, 0.95), max(times))
        print(f"  {how:42}" + "".join(f"{each:8.2f}" for each in row) + f"{len(times):8}")


if __name__ == "__main__":
    sys.exit(main())
