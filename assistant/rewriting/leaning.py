"""Does a question lean on what was said before? Pure, and about English.

Questions in other languages lean only when they are short.
"""

import re
from collections.abc import Collection, Sequence

from assistant.types import Turn
from assistant.words import content_words

FEW_WORDS = 2
"""A question of no more words that carry meaning is taken for a piece of one."""

REPLY_WORDS = 8
"""Longest reply to a question that was asked back."""

LEFT_OVER_WORDS = 5
"""Longest question that "other" or "too" makes a follow-up."""


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[.?!;,:]")

_PERSONS = _listed("he him his himself she her hers herself he's she's")
_THINGS = _listed("it its it's itself they them their theirs themselves they're they've it'll")
_POINTING = _listed("this these those")
_OWN = _listed("who that which year years week weeks month day morning time")
"""Behind "this" and "those" these point to nothing that was said."""

_FURTHER = _listed("another more other")
_REST = _listed("else others")
_LIKEWISE = _listed("also too instead again similar same such")
_OF_NOTHING = _listed("thing things one ones example examples detail details info information know tell say")
"""Words that do not say what there is to be more of."""

_BEGINNING = re.compile(
    r"(?:(?:ok|okay|thanks|thank you|great|sure|well|hm+|oh|i see|interesting)\b[,.! ]*)*"
    r"(?:and|or|but|so|then|also|why(?: not)?\W*$|how (?:so|come)|no|nope|not|yes|yeah|i mean(?:t)?|"
    r"(?:what|how) about|besides|in that case|other than that)\b",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    r"\b(?:first|second|third|fourth|fifth|last|latter|former|other|next|which|that|this|each|any|new|old)"
    r"(?: \w+)? ones?\b|\bthe (?:latter|former|first|second|third|fourth|fifth|last)\W*$",
    re.IGNORECASE,
)
_DEFINING = re.compile(r"\W*(?:(?:what|who)(?:'s|’s| is| are| was| were)|define|explain)\b", re.IGNORECASE)
_VERBS = _listed("is was are were does do did has have had would will can could should might must may means")
_BEFORE_THAT = _listed("of about like for with in on from by to at after before than do did")
_CLAUSE_ENDS = _listed(". ? ! ; and but when while because since if before after")
_DEFINITE_OF = _listed("of in for that")


def leans(question: str, turns: Sequence[Turn]) -> bool:
    """Tell whether a question leans on what was said before.

    Args:
        question: As it was typed.
        turns: What was said before, oldest first; not empty.
    """
    return bool(why_leaning(question, _said(turns), turns[-1].answer))


def is_about_more(question: str, turns: Sequence[Turn]) -> bool:
    """Tell whether a question names what it is about, and asks for more than was said of it.

    "Are there any other rivers?" is about rivers: whatever is added of what was said leads back there.

    Args:
        question: As it was typed.
        turns: What was said before, oldest first; not empty.
    """
    return why_leaning(question, _said(turns), turns[-1].answer) in {"further", "likewise", "definite"}


def points_to_a_person(question: str) -> bool:
    """Tell whether a question says "she" or "his"."""
    return not _PERSONS.isdisjoint(_lowered(_TOKEN.findall(question)))


def why_leaning(question: str, said: Collection[str], last_answer: str = "") -> str:
    """Say by what a question shows that it leans on what was said before; empty if it stands by itself.

    Args:
        question: As it was typed.
        said: The words that carry meaning of what was said before, as `content_words` lists them.
        last_answer: What was answered last.
    """
    tokens = _TOKEN.findall(question)
    lower = _lowered(tokens)
    meaning = content_words(question)
    is_short = len(meaning) <= LEFT_OVER_WORDS
    is_further = is_short and not _FURTHER.isdisjoint(lower)
    signs = {
        "beginning": _BEGINNING.match(question.strip()) is not None,
        "choice": _CHOICE.search(question) is not None,
        "pointer": _has_pointer(tokens, lower),
        "reply": last_answer.rstrip().endswith("?") and len(meaning) <= REPLY_WORDS,
        "rest": is_short and not _REST.isdisjoint(lower),
        "further": is_further and _has_subject(lower),
        "few words": is_further or _is_piece(question, meaning, said),
        "likewise": is_short and not _LIKEWISE.isdisjoint(lower),
        "definite": _has_known_definite(lower, said),
    }
    return next((sign for sign, is_there in signs.items() if is_there), "")


def _said(turns: Sequence[Turn]) -> frozenset[str]:
    """Return the words that carry meaning of what was said."""
    return frozenset(content_words(" ".join(f"{turn.standalone} {turn.answer}" for turn in turns)))


def _lowered(tokens: Sequence[str]) -> list[str]:
    return [token.lower().replace("’", "'") for token in tokens]


def _has_subject(lower: Sequence[str]) -> bool:
    """Tell whether a question for more says of what: not "tell me more", nor "any other examples?"."""
    return any(content_words(word) for word in lower if word not in _FURTHER | _OF_NOTHING)


def _is_piece(question: str, meaning: Sequence[str], said: Collection[str]) -> bool:
    """Tell whether a question is too short to stand by itself; "what is X?" does where X is new."""
    is_definition = _DEFINING.match(question) and meaning and not _are_all_said(meaning, said)
    return len(meaning) <= FEW_WORDS and not is_definition


def _are_all_said(meaning: Sequence[str], said: Collection[str]) -> bool:
    """Tell whether every one of these words was said."""
    return all(word in said for word in meaning)


def _has_pointer(tokens: Sequence[str], lower: Sequence[str]) -> bool:
    """Tell whether a pronoun points out of the question.

    It does not where an earlier clause of the question may hold what it stands for: a name for a
    person, two words that carry meaning for a thing.
    """
    meaning = earlier = 0
    has_name = False
    for at, word in enumerate(lower):
        before, after = lower[at - 1] if at else "", lower[at + 1] if at + 1 < len(lower) else ""
        if word in _CLAUSE_ENDS:
            earlier, meaning = earlier + meaning, 0
        elif (word in _PERSONS and not has_name) or (
            earlier < 2
            and (
                word in _THINGS or (word in _POINTING and after not in _OWN) or _is_that(word, before, after)
            )
        ):
            return True
        has_name |= at > 0 and tokens[at][:1].isupper() and word not in {"i", "i'm", "i'd"}
        meaning += bool(content_words(word))
    return False


def _is_that(word: str, before: str, after: str) -> bool:
    """Tell whether "that" stands for something that was said, rather than beginning a clause."""
    if word not in {"that", "that's"}:
        return False
    if not before:
        return word == "that's" or after in _VERBS
    return before in _VERBS | _BEFORE_THAT and not content_words(after)


def _has_known_definite(lower: Sequence[str], said: Collection[str]) -> bool:
    """Tell whether the question says "the series" of a series that was spoken of, and no more about it."""
    for at, word in enumerate(lower[:-1]):
        head = content_words(lower[at + 1]) if word == "the" else []
        after = lower[at + 2] if at + 2 < len(lower) else ""
        if head and head[0] in said and not content_words(after) and after not in _DEFINITE_OF:
            return True
    return False
