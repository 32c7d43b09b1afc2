"""How likely it is that the files answer a question at all; pure.

No similarity means "answered" by itself, since near every question there is
something. So two things are weighed that compare a question with its own library,
by a logistic model that `benchmarks/bench_refusal.py --fit` fits.
"""

import math

from assistant.words import content_words, words
from indexer.types import Grounds, SearchResult

ENOUGH = 0.5
"""Probability from which on the files' own sentences are taken for an answer."""

HOPELESS = 0.08
"""Probability below which a model is not even asked; it sees more than this rule does."""

_BIAS, _LEXICAL, _LEAD = -3.91, 1.42, 6.26
"""Fitted on two public sets, 583 questions each asked with and without the files that answer it."""

_LONELY_BIAS, _LONELY_LEXICAL, _LONELY_CLOSENESS = -5.13, 2.16, 5.71
"""The same where there are too few files for a background."""


def confidence(found: SearchResult) -> float:
    """Return the probability that what a search found answers its question; 0 where nothing was found."""
    if not found.passages:
        return 0.0
    return probability(found.grounds or _own_evidence(found))


def probability(evidence: Grounds) -> float:
    """Return the probability that what such evidence speaks for is an answer.

    p = 1 / (1 + exp(-(b + w1 * lexical + w2 * lead))): the share of the question's rare words
    that one place holds, and the lead of the best file over the library's background.
    """
    if evidence.lead is None:
        weighed = _LONELY_BIAS + _LONELY_LEXICAL * evidence.lexical + _LONELY_CLOSENESS * evidence.closeness
    else:
        weighed = _BIAS + _LEXICAL * evidence.lexical + _LEAD * evidence.lead
    return 1 / (1 + math.exp(-weighed))


def _own_evidence(found: SearchResult) -> Grounds:
    """Judge by the passages alone, where whoever searched says nothing of the rest."""
    wanted = content_words(found.question)
    shares = [
        sum(word in held for word in wanted) / len(wanted) if wanted else 0.0
        for held in (
            set(words("\n".join((passage.title, *passage.locator.headings, passage.text))))
            for passage in found.passages
        )
    ]
    closeness = max(passage.similarity for passage in found.passages)
    return Grounds(closeness=closeness, lexical=max(shares), lead=None)
