"""The tokenizer: byte-level BPE in which one word has one spelling.

A word is cut in the same places whether it opens a line ("Wifi"), stands within
one ("wifi") or follows a space (" wifi"), because every merge exists for the
capital too, and a space joins a piece only after all other merges. So the model
can tell by the pieces that two words are the same, also words it never saw.
"""

import itertools
import json
import random
from collections import Counter, defaultdict

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from tests.models.tiny_reader import words

USER = "<|user|>"
ASSISTANT = "<|assistant|>"
END = "<|end|>"
SPECIAL = (END, USER, ASSISTANT)
"""Control tokens, with the ids 0, 1 and 2."""

TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ '" + USER + "' + message['content'] }}"
    "{% elif message['role'] == 'assistant' %}{{ '"
    + ASSISTANT
    + "' + message['content'] + '"
    + END
    + "' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '" + ASSISTANT + "' }}{% endif %}"
)
"""The chat template; it leaves the system message out, which the model has learnt by heart."""

PRE_TOKENIZER = "smollm"
"""llama.cpp's name for: digits one by one, then the regular expression of GPT-2."""

_MERGES = 500
_SPACE = "Ġ"
_FRAME = (
    "passage passage passage question question lines lines line page notes what what who when where how "
    "much is the the of of for in on at under and was not your files"
)


def _corpus() -> Counter[str]:
    """Count lower-case words as the made-up facts use them, roughly."""
    rng = random.Random(1)
    counts: Counter[str] = Counter()
    counts.update(dict.fromkeys(_FRAME.split(), 3000))
    attributes = " ".join(name for names in words.ATTRIBUTES.values() for name in names).split()
    for group, weight in (
        (attributes, 300),
        (words.THINGS + words.EVENTS + words.QUALITIES + words.MONTHS + words.DAYS + words.UNITS, 60),
        (words.PLACES + words.ROOMS + words.COLOURS + words.STUFF, 30),
        (words.FIRST_NAMES + words.LAST_NAMES + words.CITIES, 20),
    ):
        for word in group:
            for part in word.lower().split("_"):
                counts[part] += weight
    for _ in range(10_000):
        counts[words.spelled(rng)] += 1
    return counts


def _join(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """Join a pair of neighbours wherever it stands, from the left."""
    joined: list[str] = []
    for piece in pieces:
        if joined and (joined[-1], piece) == pair:
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _learn_merges(counts: Counter[str], wanted: int) -> list[tuple[str, str]]:
    """Learn the most useful merges of letters, best first; ties go by the alphabet."""
    split = {word: list(word) for word in counts if word.isascii() and word.isalpha()}
    pairs: Counter[tuple[str, str]] = Counter()
    words_with: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def count(word: str, sign: int) -> None:
        for pair in itertools.pairwise(split[word]):
            pairs[pair] += sign * counts[word]
            words_with[pair].add(word)

    for word in split:
        count(word, 1)
    merges: list[tuple[str, str]] = []
    while len(merges) < wanted:
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word in list(words_with[best]):
            count(word, -1)
            split[word] = _join(split[word], best)
            count(word, 1)
    return merges


def _capital(piece: str) -> str:
    return piece[0].upper() + piece[1:]


def build_tokenizer() -> Tokenizer:
    """Build the tokenizer; the same one every time."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*SPECIAL, *alphabet]
    merges = [("'", "s")]
    for left, right in _learn_merges(_corpus(), _MERGES):
        merges += [(left, right), (_capital(left), right)]
    letters = [chr(code) for base in (ord("a"), ord("A")) for code in range(base, base + 26)]
    joined = list(dict.fromkeys(left + right for left, right in merges))
    merges += [(_SPACE, piece) for piece in [*letters, *joined] if piece[0].isalpha()]
    pieces += list(dict.fromkeys(left + right for left, right in merges))
    tokenizer = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return tokenizer


def pieces_of(tokenizer: Tokenizer) -> list[str]:
    """List the tokens in the order of their ids."""
    return [piece for piece, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]


def merges_of(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    """List the merges, first ones first."""
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [(left, right) for left, right in merges]


def features(piece: str) -> tuple[str, bool, bool]:
    """Take a piece apart: its lower-case letters, whether it is capital, whether a space precedes it."""
    spaced = len(piece) > 1 and piece.startswith(_SPACE)
    bare = piece[1:] if spaced else piece
    capital = len(bare) > 0 and bare[0].isascii() and bare[0].isupper()
    return (bare[0].lower() + bare[1:] if capital else bare), capital, spaced
