"""Real words to make up texts of, so that letters and tokens stand in the proportion of real text."""

import json

import numpy as np

from indexer.embedding import bundled_folder
from indexer.words import STOP_WORDS


def common_words() -> list[str]:
    """Return the whole words that the bundled embedder's vocabulary holds, sorted; each is one token."""
    tokenizer = json.loads((bundled_folder() / "tokenizer.json").read_text(encoding="utf-8"))
    return sorted(
        word for word in tokenizer["model"]["vocab"] if word.isascii() and word.isalpha() and len(word) > 1
    )


def make_vocabulary(random: np.random.Generator, *, words: int) -> list[str]:
    """Return distinct words, the commonest first: stop words, other words, then compounds of two of them."""
    known = [word for word in common_words() if word not in STOP_WORDS]
    random.shuffle(known)
    vocabulary = dict.fromkeys([*sorted(STOP_WORDS), *known][:words])
    while len(vocabulary) < words:
        first, second = random.integers(len(known), size=2)
        vocabulary[known[first] + known[second]] = None
    return list(vocabulary)
