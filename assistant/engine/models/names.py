"""Which of several names a person means; pure.

Whoever types a name has seen it somewhere: in `kb models list`, in Ollama, as a
file. So the whole name comes first, then its beginning, then all words of it in
any order, then words of it written as one, and only a name that fits nothing is
answered with what is like it.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

KeyT = TypeVar("KeyT")

_WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)*")
_LATEST = ":latest"


def match_names(wanted: str, names: Mapping[KeyT, Sequence[str]]) -> list[KeyT]:
    """Return what a person may mean, in the order of `names`; one thing alone if the name is clear.

    Args:
        wanted: What was typed; upper and lower case are the same.
        names: Things by their names; the words of all names of a thing count together.
    """
    wanted = wanted.strip().lower()
    if not wanted:
        return []
    lowered = {key: [name.lower() for name in each] for key, each in names.items()}
    words = _WORD.findall(wanted)
    return (
        [key for key, each in lowered.items() if _is_one_of(wanted, each)]
        or [key for key, each in lowered.items() if any(name.startswith(wanted) for name in each)]
        or [key for key, each in lowered.items() if words and _has_words(words, " ".join(each))]
        or [key for key, each in lowered.items() if any(_has_run("".join(words), name) for name in each)]
    )


def suggest_names(wanted: str, names: Sequence[str], *, most: int = 3) -> list[str]:
    """Return the names most like one that nothing has, the likest first."""
    wanted = wanted.strip().lower()
    scored = [(_likeness(wanted, name.lower()), -place, name) for place, name in enumerate(names)]
    return [name for score, _, name in sorted(scored, reverse=True)[:most] if score >= 0.6]


def _is_one_of(wanted: str, names: Sequence[str]) -> bool:
    return any(wanted in {name, name.removesuffix(_LATEST)} for name in names)


def _likeness(wanted: str, name: str) -> float:
    """Compare with the whole name, and with as much of its beginning as was typed."""
    whole = difflib.SequenceMatcher(None, wanted, name, autojunk=False).ratio()
    begin = difflib.SequenceMatcher(None, wanted, name[: len(wanted) + 1], autojunk=False).ratio()
    return max(whole, begin)


def _has_words(wanted: Sequence[str], name: str) -> bool:
    """Say whether a name has all words: letters that begin one, numbers as they are."""
    there = _WORD.findall(name)
    return all(
        any(word == each if word[0].isdigit() else each.startswith(word) for each in there) for word in wanted
    )


def _has_run(wanted: str, name: str) -> bool:
    """Say whether some words of a name, one behind the other, are spelled so without what parts them."""
    there = _WORD.findall(name)
    runs = ("".join(there[start:end]) for end in range(len(there) + 1) for start in range(end))
    return wanted in runs
