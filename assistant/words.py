"""Words as questions, answers and passages are compared by; pure.

Unlike the words of a search these are never looked up in an index, so numbers
stay whole and every Chinese, Japanese or Korean character is a word.
"""

import re
import unicodedata
from collections.abc import Iterator

from indexer.words import STOP_WORDS, word_root

_ASKING = ("done", "get", "give", "let", "like", "one", "please", "say", "tell", "use", "used")
"""Words that only carry a question; a search looks for them, since they may be what a text is about."""

_EMPTY = STOP_WORDS.union(_ASKING)

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def words(text: str) -> list[str]:
    """List the words of a text as they are compared: folded, without endings, numbers whole.

    Thousands separators are dropped ("1,200" and "1200" are one word), and
    every Chinese, Japanese or Korean character is a word of its own.
    """
    return list(_words(text))


def content_words(text: str) -> list[str]:
    """List the distinct words that carry meaning, in order of appearance."""
    return list(dict.fromkeys(_words(text, skip=_EMPTY)))


def is_number(word: str) -> bool:
    """Tell whether a word of `words` is a number."""
    return word[0].isdigit()


def _words(text: str, skip: frozenset[str] = frozenset()) -> Iterator[str]:
    folded = text.replace("’", "'").casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKD", folded).casefold()
        folded = "".join(char for char in folded if not unicodedata.combining(char))
        folded = unicodedata.normalize("NFC", folded)
    for match in _WORD.finditer(folded):
        word = match[0]
        if word[0].isdigit():
            yield re.sub(r",(?=\d{3}(?:\D|$))", "", word)
        elif not word.isascii() and _CJK.search(word):
            yield from word
        elif not (skip and word.endswith("n't")):
            stem = word.partition("'")[0]
            if stem not in skip and (root := word_root(stem)):
                yield root
