"""Whether every cited place holds what is quoted from it: each is opened, and the quote looked for.

    make bench-citations DATA=folder-of-sets
    python -m benchmarks.bench_citations --data folder-of-sets --cache kept-indexes --sets inscit

A set is a folder with `corpus/` and questions, or any folder of files; there sentences of its
own passages are asked for. What is cited are the sentences that `kb` answers with by itself, and
those that it chooses to stand behind the marks of a model which repeats the expected answer, or the
question, for the first three passages. Lines are those of the file, pages those of its extraction.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assistant.citations import cite
from assistant.extractive import extract
from assistant.types import Citation
from benchmarks.bench_retrieval import cache_in, opened
from benchmarks.retrieval_sets import RetrievalSet
from indexer.config import IndexerSettings
from indexer.extract import extract as read_document
from indexer.index import Index
from indexer.search import find
from indexer.sentences import quotable_sentences
from indexer.types import Document, Passage

MOST_QUESTIONS = 300


@dataclass
class Counts:
    """What was found behind the citations of a set."""

    lines: int = 0
    pages: int = 0
    places: int = 0
    """Citations that name neither lines nor a page, as of a file without them."""

    wrong: int = 0


def main() -> int:
    """Print a line for each set; 1 if any cited place does not hold its quote."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("KB_BENCH_DATA"))
    parser.add_argument("--cache", type=Path, help="where indexes are kept; a temporary folder if left out")
    parser.add_argument("--sets", nargs="*", help="names of folders; all with questions if left out")
    arguments = parser.parse_args()
    if arguments.data is None:
        print("bench_citations: give a folder of sets: make bench-citations DATA=folder")
        return 0
    data = Path(arguments.data).resolve()
    names = arguments.sets or sorted(path.parent.name for path in data.glob("*/questions.jsonl"))
    print(f"{'':20}{'asked':>7}{'by lines':>10}{'by page':>9}{'whole file':>12}{'wrong':>7}")
    wrong = 0
    with cache_in(arguments.cache) as kept:
        for name in names:
            corpus = data / name / "corpus"
            each = RetrievalSet(name, corpus if corpus.is_dir() else data / name, ())
            with opened(each, kept / f"{name}-0", IndexerSettings()) as index:
                asked, counts = _check(index, data / name / "questions.jsonl")
            print(
                f"{name:20}{asked:7}{counts.lines:10}{counts.pages:9}{counts.places:12}{counts.wrong:7}",
                flush=True,
            )
            wrong += counts.wrong
    return 1 if wrong else 0


def _check(index: Index, questions: Path) -> tuple[int, Counts]:
    """Ask, cite, open; return how much was asked and what was found."""
    rows = list(_asked(index, questions))
    counts = Counts()
    for question, expected in rows:
        passages = find(index, question, top_k=8, now=time.time()).passages
        for citation in _citations(question, expected, passages):
            if citation.locator.line_start is not None:
                counts.lines += 1
            elif citation.locator.page_start is not None:
                counts.pages += 1
            else:
                counts.places += 1
            if not _holds(citation):
                counts.wrong += 1
                print(f"  {citation.passage.path}, {citation.locator.describe()}: {citation.quote!r}")
    return len(rows), counts


def _asked(index: Index, questions: Path) -> Iterator[tuple[str, str]]:
    """Yield questions with what is to be answered; a sentence of the files is both."""
    if questions.is_file():
        for line in questions.read_text(encoding="utf-8").splitlines()[:MOST_QUESTIONS]:
            row = json.loads(line)
            yield row["question"], " ".join(row.get("answers", ())[:1]) or row["question"]
        return
    chance = random.Random(0)
    ids = [chunk_id for chunk_id, _ in index.dense("a", top_k=100_000)[1]]
    for chunk in index.chunks(chance.sample(ids, min(MOST_QUESTIONS, len(ids)))):
        sentences = quotable_sentences(chunk.text)
        if sentences:
            sentence = chance.choice(sentences)
            text = chunk.text[sentence.start : sentence.end]
            yield text.replace('"', " "), text


def _citations(question: str, expected: str, passages: Sequence[Passage]) -> Iterator[Citation]:
    extracted = extract(question, passages)
    if extracted is not None:
        yield from extracted.citations
    marks = "".join(f"[{number}]" for number in range(1, min(3, len(passages)) + 1))
    yield from cite(f"{expected} {marks}", passages)


def _holds(citation: Citation) -> bool:
    """Open the cited place and look for the quote; white space does not count."""
    locator = citation.locator
    if locator.line_start is not None and locator.line_end is not None:
        lines = _lines(citation.passage.path)
        return _bare(citation.quote) in _bare("\n".join(lines[locator.line_start - 1 : locator.line_end]))
    document = _document(citation.passage.path)
    if locator.page_start is None or locator.page_end is None:
        return _bare(citation.quote) in _bare(document.text)
    starts = [block.start for block in document.blocks if (block.page or 0) >= locator.page_start]
    ends = [block.start for block in document.blocks if (block.page or 0) > locator.page_end]
    opened_text = document.text[min(starts, default=0) : min(ends, default=len(document.text))]
    return _bare(citation.quote) in _bare(opened_text)


@cache
def _lines(path: Path) -> Sequence[str]:
    """Return the lines as an editor counts them, without kb's help where the file is UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except UnicodeDecodeError:
        return _document(path).text.split("\n")


@cache
def _document(path: Path) -> Document:
    return read_document(path, path.read_bytes())


def _bare(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main())
