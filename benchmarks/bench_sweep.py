"""A sweep of files that did not change, beside the plainest walk of the same tree.

    python -m benchmarks.bench_sweep
    python -m benchmarks.bench_sweep --files 20000 --rounds 3

Both run in this process, by turns, so that the ratio stands whatever the disk.
The plain walk is `os.scandir` and one `stat` a file; the sweep also asks the
ledger and compares. The ledger is filled directly: nothing is indexed.
"""

import argparse
import os
import platform
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from indexer.catalog import Catalog, FileRecord
from indexer.extract import is_supported
from indexer.index.ledger import LedgerReads
from indexer.pipeline.sweeping import Memory, compare
from indexer.types import FileStatus
from indexer.walk import Found, WalkRules, walk

WORDS = ("archive", "draft", "garden", "house", "idea", "invoice", "letter", "meeting", "notes", "recipe")
DEEPEST = 6
FILES_PER_FOLDER = (5, 70)
IGNORED = "*.tmp\n/old/\ndraft-*.log\n!draft-1.log\n"


def main() -> int:
    """Make the tree, measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kb-sweep-") as name:
        root = Path(name).resolve() / "tree"
        folders = plant(root, arguments.files, random.Random(arguments.seed))
        catalog = Catalog.open(Path(name) / "catalog.sqlite")
        rules = WalkRules(exclude=("*.bak", "build/"), max_file_bytes=64_000_000, is_supported=is_supported)
        try:
            enter(catalog, root, rules)
            measure(LedgerReads(catalog), root, rules, arguments.rounds, folders)
        finally:
            catalog.close()
    return 0


def plant(root: Path, count: int, choice: random.Random) -> int:
    """Make folders with files in them, some with an ignore file; return how many folders."""
    root.mkdir()
    folders = [root]
    made = 0
    while made < count:
        above = choice.choice(folders[-400:])
        is_deepest = len(above.relative_to(root).parts) >= DEEPEST
        folder = above if is_deepest else above / f"{choice.choice(WORDS)}-{len(folders)}"
        if folder is not above:
            folder.mkdir()
            folders.append(folder)
        if len(folders) % 50 == 0:
            (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
        for _ in range(min(choice.randint(*FILES_PER_FOLDER), count - made)):
            name = f"{choice.choice(WORDS)} {choice.choice(WORDS)} {made}.md"
            (folder / name).write_bytes(b"A note.\n" * choice.randint(1, 9))
            made += 1
    return len(folders)


def enter(catalog: Catalog, root: Path, rules: WalkRules) -> None:
    """Enter every file as indexed, or as skipped where a rule leaves it out, what is youngest first."""
    found = [item for item in walk(root, rules) if isinstance(item, Found)]
    found.sort(key=lambda item: -item.state.mtime_ns)
    with catalog.write() as transaction:
        transaction.add_root(root)
        for item in found:
            status = FileStatus.SKIPPED if item.skip else FileStatus.INDEXED
            transaction.put_file(
                FileRecord(path=item.path, root=root, state=item.state, status=status, reason=item.skip)
            )


def measure(ledger: LedgerReads, root: Path, rules: WalkRules, rounds: int, folders: int) -> None:
    """Walk and sweep by turns, and print the medians and their ratio."""
    memory = Memory()

    def sweep() -> int:
        compared = compare(ledger, root, (), rules, avoid=(), is_stopped=lambda: False, memory=memory)
        if compared is None or compared.jobs:
            raise SystemExit("bench_sweep: the sweep found something to do")
        return compared.files

    def plain() -> int:
        return plain_walk(root)

    before_mb = peak_mb()
    first_s, files = timed(sweep)
    took = {"plain walk": list[float](), "sweep": list[float]()}
    for _ in range(rounds):
        took["plain walk"].append(timed(plain)[0])
        took["sweep"].append(timed(sweep)[0])
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{files:,} files in {folders:,} folders, {rounds} rounds")
    for what, times in took.items():
        print(f"{what:28}{statistics.median(times) * 1000:8.0f} ms")
    print(f"{'first sweep of a process':28}{first_s * 1000:8.0f} ms")
    ratio = statistics.median(took["sweep"]) / statistics.median(took["plain walk"])
    print(f"{'ratio (at most 2)':28}{ratio:8.2f}")
    print(f"{'peak of memory, added':28}{peak_mb() - before_mb:8.0f} MB")


def plain_walk(root: Path) -> int:
    """Look at every file with nothing around it; return how many there are."""
    folders = [os.fspath(root)]
    files = 0
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    files += 1
    return files


def timed(what: Callable[[], int]) -> tuple[float, int]:
    """Return the seconds that something takes, and what it returns."""
    started = time.perf_counter()
    result = what()
    return time.perf_counter() - started, result


def peak_mb() -> float:
    """Return the most memory that this process held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    sys.exit(main())
