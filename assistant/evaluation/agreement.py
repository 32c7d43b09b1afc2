"""How well an answer agrees with one that was expected; pure.

Both are compared as SQuAD does it: in lower case, without punctuation and
without articles. Rajpurkar, Zhang, Lopyrev and Liang, "SQuAD: 100,000+ Questions
for Machine Comprehension of Text", EMNLP 2016, https://doi.org/10.18653/v1/D16-1264.
Chinese, Japanese and Korean characters are words of their own.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

_ARTICLES = {"a", "an", "the"}
_PUNCTUATION = frozenset(string.punctuation)
_CJK = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])")

SHINGLE_WORDS = 5
"""Words in a row that two texts hardly share by chance."""


def normalised(text: str) -> list[str]:
    """Return the words of a text as they are compared."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(
        char for char in folded if char not in _PUNCTUATION and not unicodedata.category(char).startswith("P")
    )
    return [word for word in _CJK.sub(r" \1 ", kept).split() if word not in _ARTICLES]


def token_f1(answer: str, reference: str) -> float:
    """Return the harmonic mean of precision and recall of the answer's words, 0 to 1.

    A word counts as often as both have it. Where one of them has no words, it
    is 1 if neither has any, else 0.
    """
    said, wanted = normalised(answer), normalised(reference)
    shared = _shared(said, wanted)
    if not said or not wanted:
        return float(said == wanted)
    return 2 * shared / (len(said) + len(wanted))


def token_recall(answer: str, reference: str) -> float:
    """Return the share of the reference's words that the answer has, 0 to 1."""
    said, wanted = normalised(answer), normalised(reference)
    return _shared(said, wanted) / len(wanted) if wanted else float(not said)


def contains(answer: str, reference: str) -> float:
    """Return 1 if the words of the reference stand in the answer in a row, else 0."""
    said, wanted = normalised(answer), normalised(reference)
    # blanks around both, so that only whole words are found.
    return float(bool(wanted) and f" {' '.join(wanted)} " in f" {' '.join(said)} ")


def best(measure: Callable[[str, str], float], answer: str, references: Sequence[str]) -> float:
    """Return the best agreement with any of several references; at least one is needed."""
    return max(measure(answer, reference) for reference in references)


def overlap(one: str, other: str) -> float:
    """Return which share of the shorter text stands in the longer one, 0 to 1, by words in a row.

    Texts are cut into all runs of five words; a text with fewer is one run.
    """
    short, long = sorted((normalised(one), normalised(other)), key=len)
    size = min(SHINGLE_WORDS, len(short))
    if not size:
        return 0.0
    runs = [tuple(short[at : at + size]) for at in range(len(short) - size + 1)]
    there = {tuple(long[at : at + size]) for at in range(len(long) - size + 1)}
    return sum(run in there for run in runs) / len(runs)


def _shared(said: Sequence[str], wanted: Sequence[str]) -> int:
    return (Counter(said) & Counter(wanted)).total()
