"""Does a passage say what a sentence states? A score from the words of both; pure.

Nobody can tell truth from shared words, but much that is wrong shows in them: a
number, a date or a name that the passage does not hold, a "not" on one side, a
subject that stands in another passage. Whoever states such a thing is not
borne, however much else agrees.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from assistant.facts import figures, names
from assistant.words import content_words, words
from indexer.sentences import quotable_sentences
from indexer.types import Passage

BORNE = 0.4
"""Score from which on a sentence counts as borne by a passage."""

PLAIN = 0.7
"""Score from which on it is borne so plainly that a mark may be put or changed."""

_SPAN_SENTENCES = 3
"""Adjoining sentences that are taken together."""

_FAR_WEIGHT = 0.6
"""What words count that stand elsewhere in the passage, beside 1 in the sentences that bear most."""

_LEAST_SHARE = 0.05
"""Share of all wanted words that a further sentence must bring."""

_SAME_SHARE = 0.7
"""Share of its words from which on a sentence is about the same, so that it can contradict."""

_CONTEXT_WEIGHT = 0.8
"""What words count that stand in the title, the headings or the name of the file."""

_PAIR_SHARE = 0.15
"""Share of the score that pairs of neighbouring words have."""

_OTHER_LANGUAGE = 0.3
"""Share of all of a sentence's words below which it is written in another language than the passages."""

_SHORT_WORDS, _FOREIGN_FACTOR = 6, 0.45
"""A short sentence with a word that only other passages hold speaks of their subject."""

_NOT = "no not never none neither nor without cannot nobody nothing nowhere hardly"
_NEGATIONS = frozenset(_NOT.split())
_PAIRS = (
    "increase decrease, increased decreased, rise fall, rose fell, more less, higher lower, highest lowest,"
    "most least, before after, always never, allowed forbidden, permitted prohibited, open closed,"
    "opened closed, true false, include exclude, includes excludes, accept reject, accepted rejected,"
    "win lose, won lost, buy sell, bought sold, first last, begin end, begins ends, maximum minimum,"
    "legal illegal, possible impossible, best worst, north south, east west, early late, earlier later,"
    "success failure, enable disable, enabled disabled, above below, left right, safe dangerous,"
    "male female, gain loss, import export, optional required, public private, rich poor, old young"
)
_OPPOSITES = {
    one: other
    for first, second in (pair.split() for pair in _PAIRS.split(","))
    for one, other in ((first, second), (second, first))
}


class _Statement:
    """What is to be borne."""

    def __init__(self, text: str) -> None:
        self.wanted = content_words(text)
        self.words = words(text)
        self.figures = figures(text)
        self.names = names(text).intersection(self.wanted)
        self.pairs = frozenset(pairwise(self.wanted))
        self.raw = frozenset(_raw(text))


@lru_cache(maxsize=8)
def _read(statement: str) -> _Statement:
    """Take a statement apart, once for all that it is compared with."""
    return _Statement(statement)


@dataclass(frozen=True, slots=True)
class _Part:
    """One sentence of a source."""

    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    raw: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Source:
    """What may bear a statement."""

    parts: tuple[_Part, ...]
    about: frozenset[str]
    """Words of its title, headings and file name."""

    words: frozenset[str]
    """All its words, `about` included."""

    figures: frozenset[str]


class Evidence:
    """What some passages say, ready to be compared with many sentences.

    Args:
        passages: In the order of their numbers.
        extra: Text that came with the question; it bears sentences without any mark.
    """

    def __init__(self, passages: Sequence[Passage], extra: str = "") -> None:
        self._sources = [
            _source(
                passage.text,
                "\n".join((passage.title, passage.path.stem.replace("_", " "), *passage.locator.headings)),
            )
            for passage in passages
        ]
        self._numbered = len(passages)
        if extra.strip():
            self._sources.append(_source(extra, ""))
        parts = [part for source in self._sources for part in source.parts]
        self._counts = Counter(word for part in parts for word in part.words)
        self._total = len(parts)
        self._all_words = frozenset(word for source in self._sources for word in source.words).union(
            *(part.raw for part in parts)
        )

    def score(self, statement: str, numbers: Sequence[int]) -> float:
        """Return how well some passages together bear a statement, 0 to 1.

        Args:
            statement: A sentence, or a part of one, without marks.
            numbers: Of the passages, from 1; those that no passage has are left out.
        """
        return self._score(_read(statement), [n - 1 for n in numbers if 1 <= n <= self._numbered])

    def scores(self, statement: str) -> list[float]:
        """Return for each passage, in order, how well it bears a statement by itself, 0 to 1."""
        said = _read(statement)
        return [self._score(said, [at]) for at in range(self._numbered)]

    def extra_score(self, statement: str) -> float:
        """Return how well the text that came with the question bears a statement, 0 to 1."""
        return self._score(_read(statement), range(self._numbered, len(self._sources)))

    def _score(self, said: _Statement, ats: Sequence[int]) -> float:
        sources = [self._sources[at] for at in ats]
        held = frozenset[str]().union(*(source.figures for source in sources))
        if not said.wanted or not sources or not said.figures <= held:
            return 0.0
        if sum(word in self._all_words for word in said.words) < _OTHER_LANGUAGE * len(said.words):
            # only what is written alike in all languages can be compared.
            return PLAIN if said.figures else BORNE
        everywhere = frozenset[str]().union(*(source.words for source in sources))
        if not all(_is_held(name, everywhere) for name in said.names):
            return 0.0
        weights = {word: self._rarity(word) for word in said.wanted}
        total = sum(weights.values())
        spans = [_best_span(source, weights) for source in sources]
        near = frozenset[str]().union(*(part.words for span in spans for part in span))
        about = frozenset[str]().union(*(source.about for source in sources))
        covered = sum(
            weight * (1.0 if word in near else _CONTEXT_WEIGHT if word in about else _FAR_WEIGHT)
            for word, weight in weights.items()
            if word in everywhere
        )
        pairs = frozenset[tuple[str, str]]().union(*(part.pairs for span in spans for part in span))
        share = len(said.pairs & pairs) / len(said.pairs) if said.pairs else covered / total
        score = (1 - _PAIR_SHARE) * covered / total + _PAIR_SHARE * share
        if len(said.wanted) <= _SHORT_WORDS and any(
            word in self._all_words and word not in everywhere for word in said.wanted
        ):
            score *= _FOREIGN_FACTOR
        if any(_contradicts(said, part, weights) for span in spans for part in span):
            return min(score, BORNE / 2)
        return score

    def _rarity(self, word: str) -> float:
        """Return log(1 + N / (1 + n)), n of N sentences holding a word."""
        return math.log(1 + (self._total + 1) / (1 + self._counts[word]))


def _source(text: str, about: str) -> _Source:
    parts = tuple(_part(text[one.start : one.end]) for one in quotable_sentences(text))
    context = frozenset(words(about))
    return _Source(
        parts, context, context.union(*(part.words for part in parts)), figures(text) | figures(about)
    )


def _part(text: str) -> _Part:
    said = content_words(text)
    return _Part(frozenset(said), frozenset(pairwise(said)), frozenset(_raw(text)))


def _best_span(source: _Source, weights: Mapping[str, float]) -> tuple[_Part, ...]:
    """Return the adjoining sentences with most of the wanted words; each has to bring something."""
    total = sum(weights.values())
    best, chosen = -1.0, source.parts[:1]
    for first in range(len(source.parts)):
        held: set[str] = set()
        for last in range(first, min(first + _SPAN_SENTENCES, len(source.parts))):
            held |= source.parts[last].words
            worth = sum(weight for word, weight in weights.items() if word in held)
            worth -= _LEAST_SHARE * total * (last - first)
            if worth > best:
                best, chosen = worth, source.parts[first : last + 1]
    return chosen


def _raw(text: str) -> list[str]:
    """Return the words as they are written, in lower case; "isn't" is "not"."""
    return text.lower().replace("’", "'").replace("n't", " not").replace(",", " ").replace(".", " ").split()


def _is_held(name: str, held: frozenset[str]) -> bool:
    """Tell whether a name is among some words, or is a form of one ("Swedish" of "Sweden")."""
    if name in held or len(name) < 4:
        return name in held
    return any(word[:4] == name[:4] for word in held)


def _contradicts(said: _Statement, part: _Part, weights: Mapping[str, float]) -> bool:
    """Tell whether a sentence says nearly the same with a "not" or an opposite more or less."""
    shared = sum(weight for word, weight in weights.items() if word in part.words)
    if shared < _SAME_SHARE * sum(weights.values()):
        return False
    if bool(said.raw & _NEGATIONS) != bool(part.raw & _NEGATIONS):
        return True
    return any(
        (other := _OPPOSITES.get(word)) is not None
        and other in part.raw
        and word not in part.raw
        and other not in said.raw
        for word in said.raw
    )
