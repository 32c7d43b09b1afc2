"""What of a question a text holds side by side and letter by letter; pure.

Texts are searched for the roots of the question's words rather than taken apart,
which is several times quicker: a hundred candidates cost a few milliseconds.
"""

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.search.literals import Literal, Phrase
from indexer.words import word_root

NEAR_CHARS = 40
"""How far apart two words of a question may begin that stand beside each other in it."""

_WORD = re.compile(r"[^\W_]+")
_ACCENTS = re.compile("[\u0300-\u036f]+")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a text holds of a question, each from 0 to 1."""

    coverage: float
    """Share of the question's words in text, headings, or title or name of the file, by rarity."""

    nearness: float
    """Share of the question's pairs of words that stand near each other, by rarity."""

    literal: float
    """Share of what the question names letter by letter that is there."""

    def as_features(self) -> dict[str, float]:
        """Return it by name, as the score weighs it."""
        return {"coverage": self.coverage, "nearness": self.nearness, "literal": self.literal}


class Reader:
    """Looks for the words of one question in many texts.

    Args:
        weights: Words of the question in the order typed, each with its rarity.
        literals: What it names letter by letter.
    """

    def __init__(self, weights: Mapping[str, float], literals: Sequence[Literal]) -> None:
        rarities: dict[str, float] = {}
        for word, weight in weights.items():
            root = word_root(word)
            rarities[root] = max(weight, rarities.get(root, 0.0))
        self._roots = list(rarities)
        self._pairs = [
            (first, second, rarities[first] + rarities[second])
            for first, second in itertools.pairwise(self._roots)
        ]
        self._rarities = rarities
        self._pairs_total = sum(weight for *_, weight in self._pairs)
        self._total = sum(rarities.values())
        self._labels: dict[str, set[str]] = {}
        self._literals = [
            [_pattern(phrase) for phrase in literal] for literal in literals if not _is_abbreviation(literal)
        ]

    def read(self, text: str, label: str = "") -> Evidence:
        """Tell what a text holds.

        Args:
            text: The text.
            label: What stands above it: title, name of the file, headings.
        """
        plain = _plain(text)
        places = {root: _places(plain, root) for root in self._roots}
        near = sum(
            weight for first, second, weight in self._pairs if _are_near(places[first], places[second])
        )
        there = self._roots_in(label).union(root for root, found in places.items() if found)
        covered = sum(self._rarities[root] for root in there)
        return Evidence(
            coverage=covered / self._total if self._total else 0.0,
            nearness=near / self._pairs_total if self._pairs_total else 0.0,
            literal=self._literal(plain),
        )

    def _roots_in(self, label: str) -> set[str]:
        """Return the words of the question in a label; chunks of a file have the same ones."""
        if (known := self._labels.get(label)) is None:
            roots = map(word_root, _WORD.findall(label))
            known = self._labels[label] = {root for root in roots if root in self._rarities}
        return known

    def _literal(self, plain: str) -> float:
        if not self._literals:
            return 0.0
        held = sum(any(pattern.search(plain) for pattern in literal) for literal in self._literals)
        return held / len(self._literals)


def _plain(text: str) -> str:
    """Return a text in lower case and without accents."""
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return text.lower()


def _places(plain: str, root: str) -> list[int]:
    """Return where forms of a word begin in a plain text."""
    # "study" and "studies" have one root and share all of it but the last letter.
    key = root[:-1] if root.endswith("i") and len(root) > 3 else root
    found: list[int] = []
    at = plain.find(key)
    while at >= 0:
        if at == 0 or not plain[at - 1].isalnum():
            word = _WORD.match(plain, at)
            if word is not None and word_root(word.group()) == root:
                found.append(at)
        at = plain.find(key, at + len(key))
    return found


def _are_near(first: Sequence[int], second: Sequence[int]) -> bool:
    return any(0 < abs(a - b) <= NEAR_CHARS for a in first for b in second)


def _is_abbreviation(literal: Literal) -> bool:
    """Tell whether something is written like "U.S." or "e.g.", which names nothing that is rare."""
    return all(len(word) == 1 and word.isalpha() for word in literal[0])


def _pattern(phrase: Phrase) -> re.Pattern[str]:
    words = r"[\W_]+".join(map(re.escape, map(_plain, phrase)))
    return re.compile(rf"(?<![^\W_]){words}(?![^\W_])")
