"""A follow-up rewritten without a model: the words that it leaves out are put behind it; pure.

"Who bought it?" after "When was the cabin built?" becomes "Who bought it? (cabin built)". Which words
those are is a matter of where they were said: in the question before rather than earlier, as names
rather than otherwise, and again and again. Answers lend few: they speak the words of the files that
were found already, and lead back there.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.rewriting.choosing import choose
from assistant.rewriting.leaning import is_about_more, leans, points_to_a_person
from assistant.types import Turn
from assistant.words import content_words

MOST_WORDS = 4
"""Words that are added at most; more of them drown the question."""

FADING = 0.5
"""What is left of a word's weight from one turn to the one before it."""

NAME_BONUS = 0.5
"""What a name in a question weighs more than another word, which weighs 1."""

ANSWER_WEIGHT, ANSWER_NAME_WEIGHT = 0.1, 0.33
"""What a word of an answer that asks back weighs each time it is said, and what a name does in any answer."""

MOST_REPEATS = 3
LEAST_WEIGHT = 0.3
"""Lighter words are not added."""

_SAYING_NOTHING = frozenset(
    content_words(
        "know like interest tell more want hear learn explain describe example way thing kind type many"
        " much often long people person make call mean different difference find help information"
        " question answer document provide detail sorry unfortunately specific good best better new also"
        " need go look come take show see use work include consider able however various several certain"
        " usually typically generally commonly base first second two three okay thanks thank sure yes"
    )
)
"""Words that a conversation is held with, rather than about."""

_WORD = re.compile(r"[^\W_]+(?:[-'’&.][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.?!:\n(]")
_POSSESSIVE = re.compile(r"['’]s$")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word that carries meaning, where it was said."""

    shown: str
    roots: tuple[str, ...]
    """What it is compared by; several for a compound."""

    is_name: bool
    place: tuple[int, int, int]
    """Turns back, 0 in the question and 1 in the answer, which word of it."""


def rewrite_by_rule(question: str, turns: Sequence[Turn]) -> str:
    """Put the words behind a question that it leaves out, and the item of a list that it points to into it.

    One that names what it is about, and asks for more of it, leaves out nothing.

    Args:
        question: What was typed last, and leans on what was said before.
        turns: What was said before, oldest first, each standing by itself.
    """
    text = (turns and choose(question, turns[-1].answer)) or question
    missing = "" if turns and is_about_more(question, turns) else missing_words(text, turns)
    return f"{text} ({missing})" if missing else text


def standalone_turns(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return turns of which each stands by itself: those that nobody has rewritten yet are, by the rule."""
    done: list[Turn] = []
    for turn in turns:
        is_left = done and turn.standalone == turn.question and leans(turn.question, done)
        done.append(replace(turn, standalone=rewrite_by_rule(turn.question, done)) if is_left else turn)
    return tuple(done)


def missing_words(question: str, turns: Sequence[Turn]) -> str:
    """Return the words of earlier turns that a question most likely leaves out, the latest turn first.

    Of an answer it leaves out the name that "she" stands for, and what was asked back.
    """
    has_person = points_to_a_person(question)
    present = set(content_words(question))
    weights: defaultdict[tuple[str, ...], float] = defaultdict(float)
    first: dict[tuple[str, ...], _Word] = {}
    for back, turn in enumerate(reversed(turns)):
        share = FADING**back
        for word in _distinct(turn.standalone, (back, 0)):
            weights[word.roots] += share * (1 + NAME_BONUS * word.is_name)
            first.setdefault(word.roots, word)
        said: defaultdict[tuple[str, ...], int] = defaultdict(int)
        is_asked_back = not back and turn.answer.rstrip().endswith("?")
        for word in _words(turn.answer, (back, 1)):
            if not (is_asked_back or (has_person and word.is_name)):
                continue
            said[word.roots] += 1
            if said[word.roots] <= MOST_REPEATS:
                weights[word.roots] += share * (ANSWER_NAME_WEIGHT if word.is_name else ANSWER_WEIGHT)
            first.setdefault(word.roots, word)
    heaviest = sorted(
        (
            word
            for roots, word in first.items()
            if weights[roots] >= LEAST_WEIGHT and not present.issuperset(roots)
        ),
        key=lambda word: (-weights[word.roots], word.place),
    )
    chosen = sorted(heaviest[:MOST_WORDS], key=lambda word: word.place)
    return " ".join(word.shown for word in chosen)


def _distinct(text: str, place: tuple[int, int]) -> list[_Word]:
    return list({word.roots: word for word in reversed(list(_words(text, place)))}.values())[::-1]


def _words(text: str, place: tuple[int, int]) -> Iterator[_Word]:
    """Yield the words of a text that say what it is about."""
    end = 0
    for number, match in enumerate(_WORD.finditer(text)):
        begins = number == 0 or _SENTENCE_END.search(text, end, match.start()) is not None
        end = match.end()
        shown = _POSSESSIVE.sub("", match[0])
        roots = tuple(content_words(shown))
        if roots and not _SAYING_NOTHING.intersection(roots):
            yield _Word(shown, roots, not begins and shown[0].isupper(), (*place, number))
