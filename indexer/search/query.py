"""From what a person typed to words for the full-text index.

Whatever is typed, the expression that comes out is valid: only letters and
digits reach it, each word or phrase in quotes, so that no operator, column
name or quote of the raw text can steer FTS5. Stop words are left out, because
they cost BM25 about three points of hit@1 on every set tried, unless the
question holds nothing else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.errors import UsageError
from indexer.search.literals import Literal, Phrase, literals_of
from indexer.words import STOP_WORDS

EMBEDDED_CHARS = 4_000
"""Characters of a question that the embedder gets; it reads fewer, but would cut them all into tokens."""

READ_CHARS = 20_000
"""Characters of a question that are searched for words."""

MOST_CANDIDATES = 256
"""Distinct words of a question that are looked up, in the order typed."""

MOST_WORDS = 48
"""Words of a question that are searched for, the rarest first; a long question has fewer that matter."""

MOST_LITERALS = 8
"""Quoted texts, identifiers, numbers and dates of a question that are searched for."""

_WORD = re.compile(r"[^\W_]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTED = re.compile(r'["“”„«]([^"“”„«»]{1,200})["“”«»]')


@dataclass(frozen=True, slots=True)
class Query:
    """A question, taken apart."""

    embedded: str
    """What the embedder gets."""

    words: tuple[str, ...]
    """Distinct words in lower case, in the order typed; stop words only if there is nothing else."""

    literals: tuple[Literal, ...] = ()
    """What is named letter by letter: quoted text, identifiers, numbers and dates."""

    is_exact: bool = False
    """Whether everything typed stands in quotes: then a passage must hold all phrases word for word."""

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """Words to be found side by side, in every way that a literal is written."""
        found = dict.fromkeys(phrase for literal in self.literals for phrase in literal)
        return tuple(
            phrase for phrase in found if self.is_exact or len(phrase) > 1 or phrase[0] not in self.words
        )


def parse_query(text: str) -> Query:
    """Take a question apart.

    Raises:
        UsageError: If it is empty or only white space.
    """
    # what the shell could not decode arrives as surrogates, which are no text.
    stripped = _SURROGATE.sub("\ufffd", text).strip()
    if not stripped:
        raise UsageError(
            "the question is empty", hint='type what you are looking for, as in: kb search "rent"'
        )
    read = stripped[:READ_CHARS]
    typed = list(dict.fromkeys(_WORD.findall(read.lower())))[:MOST_CANDIDATES]
    words = tuple(word for word in typed if word not in STOP_WORDS) or tuple(typed)
    quoted: list[Literal] = [(phrase,) for inner in _QUOTED.findall(read) if (phrase := _words(inner))]
    is_exact = bool(quoted) and not _WORD.search(_QUOTED.sub(" ", read))
    literals = quoted if is_exact else [*quoted, *literals_of(read)]
    return Query(
        embedded=stripped[:EMBEDDED_CHARS],
        words=words,
        literals=tuple(dict.fromkeys(literals))[:MOST_LITERALS],
        is_exact=is_exact,
    )


def rarest(words: Sequence[str], counts: Mapping[str, int], *, limit: int = MOST_WORDS) -> tuple[str, ...]:
    """Keep the words that fewest chunks hold, in their old order; of equals the longest, then the first.

    Args:
        words: Distinct words.
        counts: Number of chunks that hold each; words of no chunk are the first to go.
        limit: How many to keep.
    """
    by_worth = sorted(words, key=lambda word: (counts.get(word, 0) == 0, counts.get(word, 0), -len(word)))
    kept = set(by_worth[:limit])
    return tuple(word for word in words if word in kept)


def match_expression(
    words: Sequence[str], *, beginnings: Sequence[str] = (), phrases: Sequence[Sequence[str]] = ()
) -> str:
    """Return the FTS5 expression for "any of these"; empty if there is nothing to look for.

    FTS5 cuts each quoted string into tokens itself, so that stems and accents
    are treated as they are in the index. The syntax is that of
    https://sqlite.org/fts5.html#full_text_query_syntax.

    Args:
        words: Whole words, each from `Query.words`.
        beginnings: Words of which only the beginning is known.
        phrases: Words that must stand side by side.
    """
    parts = [f'"{word}"' for word in words]
    parts.extend(f'"{word}" *' for word in beginnings)
    parts.extend(f'"{" ".join(phrase)}"' for phrase in phrases)
    return " OR ".join(parts)


def exact_expression(phrases: Sequence[Sequence[str]]) -> str:
    """Return the FTS5 expression for "all of these, each word for word"."""
    return " AND ".join(f'"{" ".join(phrase)}"' for phrase in phrases)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.lower()))
