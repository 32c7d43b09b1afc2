"""From saving a file to finding it, through the running daemon that nobody told of it.

    make bench-watching
    python -m benchmarks.bench_watching --rounds 100

A daemon of its own watches a folder of notes. Each round saves a note with a
sentence that no other holds, by turns in place, as a new file, and by writing
beside and renaming, and asks for it until it is found.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bench_search import percentile
from indexer.client import IndexerClient, connect
from indexer.paths import Places

NOTES = 200
ASK_EVERY_S = 0.01
GIVE_UP_S = 30.0


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
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
            took_s: dict[str, list[float]] = {"in place": [], "new file": [], "renamed": []}
            for number in range(arguments.rounds):
                how = list(took_s)[number % 3]
                took_s[how].append(save_and_find(client, folder, how, number))
        finally:
            client.stop()
    report(took_s)
    return 0


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


def report(took_s: dict[str, list[float]]) -> None:
    """Print a row for each way to save, and one for all."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'save → searchable':24}{'p50 s':>8}{'p95 s':>8}{'rounds':>8}")
    everything = [each for times in took_s.values() for each in times]
    for how, times in {**took_s, "all (at most 0.5, 1.0)": everything}.items():
        print(f"{how:24}{statistics.median(times):8.2f}{percentile(times, 0.95):8.2f}{len(times):8}")


if __name__ == "__main__":
    sys.exit(main())
