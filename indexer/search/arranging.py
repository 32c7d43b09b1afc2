"""From ranked chunks to passages a person wants to read; pure.

Three things happen on the way down the ranking. A chunk that says what a better
one says already is folded into it. Neighbours in a file that both rank become
one passage in reading order. And a file that has its share of the passages
waits until there is nothing else about as good. None of them moves what stands first.
"""

import heapq
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from indexer.search.candidates import Candidate
from indexer.types import Locator, Outcome
from indexer.words import word_root

MOST_JOINED_CHARS = 2_400
"""Length of a passage that is made of several chunks, which is two full ones."""

FILE_SHARE = 0.5
"""Share of the passages that one file may have while others are about as good."""

ABOUT_AS_GOOD = 0.8
"""Share of a chunk's score from which on one of another file is shown in its place."""

SHINGLE_WORDS = 3
"""Words that stand side by side, by which texts are compared."""

SAME_SHARE = 0.9
"""Share of a text's shingles that a better one holds from which on it says the same."""

MOST_NEW_WORDS = 0.05
"""Share of a text's words that may be new in it although it says the same: cut by a hyphen, say."""

PROBES, MOST_COMPARED = 5, 3
"""Longest words of a text, nearly all of which another one must hold to be compared; with how many it is."""

KNOWN_TEXTS = 256
"""Texts of which is kept by what they are compared: who types a question meets the same ones at every key."""

_WORD = re.compile(r"[^\W_]+")
_ENDED = re.compile(r"[.!?…:;,][\"'”’)\]*_]*$")
_BEGUN = re.compile(r"[\"'“‘(\[*_]*[^\W_]")
_LONG_WORD = re.compile(r"[^\W_]{5,}")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a candidate."""

    outcome: Outcome
    place: int | None = None
    """The passage that shows it or stands for it, from 1."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Chunks of one file that are read as one passage."""

    lead: Candidate
    """The best of them."""

    members: tuple[Candidate, ...]
    """All of them, in reading order."""

    text: str
    locator: Locator


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Passages, best first, and what became of everything else."""

    groups: tuple[Group, ...]
    fates: Mapping[int, Fate]
    """By chunk id, of every candidate."""


def arrange(candidates: Sequence[Candidate], *, top_k: int, words: Iterable[str] = ()) -> Arrangement:
    """Make passages of the best candidates.

    Args:
        candidates: Best first.
        top_k: How many passages at most.
        words: Words of the question; a text that alone holds one of them is never folded.

    Returns:
        As many passages as there can be, the best candidate always in the first.
    """
    return _Arranger(top_k, words).arrange(candidates)


def joined(first: Group, second: Group) -> Group | None:
    """Return two groups as one, `first` before `second`; `None` if they cannot be one passage."""
    before, after = first.members[-1].chunk, second.members[0].chunk
    if before.path != after.path or after.ordinal != before.ordinal + 1:
        return None
    seam = _seam(first, second)
    if seam is None or len(first.text) + len(seam) + len(second.text) > MOST_JOINED_CHARS:
        return None
    a, b = first.locator, second.locator
    shared = [left for left, right in zip(a.headings, b.headings, strict=False) if left == right]
    return Group(
        lead=max(first.lead, second.lead, key=lambda each: (each.score, -each.chunk.chunk_id)),
        members=(*first.members, *second.members),
        text=f"{first.text}{seam}{second.text}",
        locator=Locator(
            line_start=a.line_start,
            line_end=b.line_end,
            page_start=a.page_start,
            page_end=b.page_end,
            page_label=a.page_label,
            headings=tuple(shared),
        ),
    )


def _seam(first: Group, second: Group) -> str | None:
    """Return the white space between two neighbours, so that lines stay lines; `None` to keep them apart.

    Only a passage within one page says on which page each of its sentences stands.
    """
    a, b = first.locator, second.locator
    if a.headings[:1] != b.headings[:1]:
        return None
    if a.line_end is not None and b.line_start is not None:
        lines = b.line_start - a.line_end
        # cut within a line, perhaps within a word: what stood between is not known.
        is_cut = lines == 0 and not (_ENDED.search(first.text) and _BEGUN.match(second.text))
        if lines < 0 or is_cut or first.text.count("\n") != a.line_end - (a.line_start or 0):
            return None
        return "\n" * lines or " "
    if (a.line_end, a.page_start, a.page_end) != (b.line_start, b.page_end, b.page_start):
        return None
    if a.page_start != a.page_end:
        return None
    return " " if first.text[-1:].isalnum() or first.text[-1:] in ",;-" else "\n\n"


@dataclass
class _Arranger:
    """The passages so far."""

    top_k: int
    words: Iterable[str]
    groups: list[Group] = field(default_factory=list)
    fates: dict[int, Fate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._asked = {word_root(word) for word in self.words}
        self._texts = _Texts(self._asked)
        self._share = max(1, math.ceil(self.top_k * FILE_SHARE))
        self._places: dict[int, int] = {}

    def arrange(self, candidates: Sequence[Candidate]) -> Arrangement:
        folded: dict[int, int] = {}
        held: list[Candidate] = []
        waiting = iter(candidates)
        for candidate in waiting:
            if held and candidate.score < ABOUT_AS_GOOD * held[0].score:
                self._fill(held, candidate.score)
            if len(self.groups) == self.top_k:
                self.fates[candidate.chunk.chunk_id] = Fate(Outcome.LEFT_OVER)
                break
            if (twin := self._texts.twin_of(candidate.chunk.text)) is not None:
                folded[candidate.chunk.chunk_id] = twin
                continue
            group = Group(candidate, (candidate,), candidate.chunk.text, candidate.chunk.locator)
            if self._joins(group):
                pass
            elif self._count(candidate) >= self._share:
                held.append(candidate)
                continue
            else:
                self.groups.append(group)
            self._texts.add(candidate.chunk.chunk_id, candidate.chunk.text)
        self._fill(held)
        return self._result(candidates, folded, held)

    def _fill(self, held: list[Candidate], below: float = 0.0) -> None:
        """Show what was held back, while there is room: nothing else is about as good any more."""
        while held and len(self.groups) < self.top_k and below < ABOUT_AS_GOOD * held[0].score:
            candidate = held.pop(0)
            self.groups.append(Group(candidate, (candidate,), candidate.chunk.text, candidate.chunk.locator))
            self._texts.add(candidate.chunk.chunk_id, candidate.chunk.text)

    def _count(self, candidate: Candidate) -> int:
        return sum(group.lead.chunk.path == candidate.chunk.path for group in self.groups)

    def _joins(self, group: Group) -> bool:
        """Join a group with its neighbours, if it has any; those may then be one as well."""
        found = False
        while True:
            for at, other in enumerate(self.groups):
                if other.lead.chunk.path != group.lead.chunk.path:
                    continue
                both = joined(other, group) or joined(group, other)
                if both is not None:
                    group, found = both, True
                    del self.groups[at]
                    break
            else:
                if found:
                    self.groups.append(group)
                return found

    def _result(
        self, candidates: Sequence[Candidate], folded: Mapping[int, int], held: Sequence[Candidate]
    ) -> Arrangement:
        self.groups.sort(key=lambda group: (-group.lead.score, group.lead.chunk.chunk_id))
        for place, group in enumerate(self.groups, start=1):
            for member in group.members:
                outcome = Outcome.SHOWN if member is group.lead else Outcome.JOINED
                self.fates[member.chunk.chunk_id] = Fate(outcome, place)
        for candidate in held:
            reason = f"{candidate.chunk.path.name} has {self._share} passages already"
            self.fates[candidate.chunk.chunk_id] = Fate(Outcome.CROWDED_OUT, None, reason)
        for chunk_id, twin in folded.items():
            shown = self.fates[twin].place
            self.fates[chunk_id] = Fate(Outcome.FOLDED, shown, f"passage {shown} says the same")
        for candidate in candidates:
            self.fates.setdefault(candidate.chunk.chunk_id, Fate(Outcome.LEFT_OVER))
        return Arrangement(tuple(self.groups), self.fates)


@dataclass(frozen=True, slots=True)
class _Fingerprint:
    """By what a text is compared with others before it is read."""

    squeezed: str
    """The text with one blank between its words."""

    long_words: frozenset[str]
    longest: tuple[str, ...]
    """The longest of them, at most `PROBES`."""


@lru_cache(maxsize=KNOWN_TEXTS)
def _fingerprint(text: str) -> _Fingerprint:
    words = frozenset(_LONG_WORD.findall(text.lower()))
    return _Fingerprint(" ".join(text.split()), words, tuple(heapq.nlargest(PROBES, words, key=len)))


class _Texts:
    """Texts that are shown, to tell which others say the same."""

    def __init__(self, asked: set[str]) -> None:
        self._asked = asked
        self._exact: dict[str, int] = {}
        self._texts: dict[int, str] = {}
        self._long_words: dict[int, frozenset[str]] = {}

    def add(self, chunk_id: int, text: str) -> None:
        known = _fingerprint(text)
        self._exact[known.squeezed] = chunk_id
        self._texts[chunk_id] = text
        self._long_words[chunk_id] = known.long_words

    def twin_of(self, text: str) -> int | None:
        """Return the shown chunk that says all that a text says; `None` if none does.

        A number, a name or a word of the question that it lacks is something else said.
        """
        known = _fingerprint(text)
        if (same := self._exact.get(known.squeezed)) is not None:
            return same
        held = {
            chunk_id: sum(word in words for word in known.longest)
            for chunk_id, words in self._long_words.items()
        }
        for holder, count in Counter(held).most_common(MOST_COMPARED):
            if count and count >= len(known.longest) - 1 and self._says_all(self._texts[holder], text):
                return holder
        return None

    def _says_all(self, shown: str, text: str) -> bool:
        words = _WORD.findall(text)
        shingles = _shingles(words)
        if len(shingles & _shingles(_WORD.findall(shown))) < SAME_SHARE * len(shingles):
            return False
        known = set(_WORD.findall(shown.lower()))
        new = [word for word in words if word.lower() not in known]
        return len(new) <= MOST_NEW_WORDS * len(words) and not any(map(self._tells, new))

    def _tells(self, word: str) -> bool:
        return word != word.lower() or any(map(str.isdigit, word)) or word_root(word) in self._asked


def _shingles(words: Sequence[str]) -> set[tuple[str, ...]]:
    lowered = [word.lower() for word in words]
    last = max(1, len(lowered) - SHINGLE_WORDS + 1)
    return {tuple(lowered[at : at + SHINGLE_WORDS]) for at in range(last)} if lowered else set()
