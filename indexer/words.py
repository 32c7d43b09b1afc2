"""Which words say nothing, and which forms are one word; pure.

Both are about English and only ever lose a difference, never a word: another
language passes through with its words whole.
"""

import unicodedata
from functools import lru_cache

_FUNCTION_WORDS = (
    "a about above after again against all also am an and any are aren as at be because been before being"
    " below between both but by can could couldn d did didn do does doesn doing don down during each either"
    " else ever every few for from further had hadn has hasn have haven having he her here hers herself him"
    " himself his how i if in into is isn it its itself just ll m many may me might more most much must"
    " my myself no nor not now of off on once only or other our ours ourselves out over own re s same shall"
    " she should shouldn so some such t than that the their theirs them themselves then there these they this"
    " those through to too under until up upon us ve very was wasn we were weren what when where which while"
    " who whom whose why will with without would wouldn you your yours yourself yourselves"
)
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())
"""English words that say nothing about what a text is about, and the pieces of contractions.

"won" is none of them: who won matters more than what will not.
"""


@lru_cache(maxsize=1 << 16)
def word_root(word: str) -> str:
    """Return a word in lower case without accents and without the commonest English endings.

    Coarser than the index's stemmer and quicker; only ever compared with itself.
    """
    if not word.isascii():
        decomposed = unicodedata.normalize("NFKD", word)
        word = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    word = word.lower()
    if len(word) <= 3:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "i"
    for ending in ("ing", "edly", "ed", "ly", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] not in "lsz":
                word = word[:-1]
            break
    if len(word) > 3 and word[-1] in "ey":
        return word[:-1] + ("i" if word[-1] == "y" else "")
    return word
