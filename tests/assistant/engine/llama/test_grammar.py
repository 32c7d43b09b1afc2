"""Tests of answers that follow a JSON schema, with a real llama.cpp and a model that babbles."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from assistant.engine.llama import Model, load_model
from assistant.engine.llama.grammar import to_gbnf
from assistant.engine.types import Piece, Sampling
from indexer.errors import UsageError

PROMPT = [Piece("<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n", True)]
GREEDY = Sampling(temperature=0)
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "age": {"type": "integer", "minimum": 7, "maximum": 9},
        "is_known": {"type": "boolean"},
    },
    "required": ["name", "age", "is_known"],
}


@pytest.fixture(scope="module")
def model(random_model: Path) -> Iterator[Model]:
    """The random model, loaded; left to itself it writes no bracket."""
    model = load_model(random_model, context_tokens=2048, gpu_layers=0, threads=1)
    yield model
    model.close()


def write(
    model: Model, schema: Mapping[str, Any] | None, sampling: Sampling = GREEDY, *, max_tokens: int = 200
) -> tuple[str, str]:
    """Return an answer, and why it ended."""
    model.read(model.tokenize(PROMPT))
    tokens = model.write(sampling, max_tokens=max_tokens, schema=schema)
    written = b""
    while True:
        try:
            written += next(tokens)[0]
        except StopIteration as end:
            return written.decode(), end.value


@pytest.mark.parametrize(
    "sampling", [GREEDY, *(Sampling(temperature=1.5, top_k=0, top_p=1, seed=seed) for seed in range(5))]
)
def test_an_answer_follows_its_schema_and_ends_with_it(model: Model, sampling: Sampling) -> None:
    """Greedy or sampled, the answer is the object and nothing else."""
    text, reason = write(model, PERSON, sampling)
    answer = json.loads(text)
    assert reason == "stop"
    assert list(answer) == ["name", "age", "is_known"]
    assert len(answer["name"]) <= 6
    assert answer["age"] in (7, 8, 9)


def test_the_next_answer_is_free_again(model: Model) -> None:
    """A grammar holds for one answer only, and each begins at its beginning."""
    free = write(model, None, max_tokens=20)
    first = write(model, PERSON)
    assert write(model, None, max_tokens=20) == free
    assert write(model, PERSON) == first


def test_an_answer_that_repeats_itself_is_guessed_within_its_grammar(model: Model) -> None:
    """Guessing ahead changes nothing of what a grammar lets through."""
    schema = {"type": "array", "items": {"enum": ["a longer word"]}, "minItems": 12, "maxItems": 12}
    guessed = write(model, schema, max_tokens=400)
    drafted, accepted = model.speculation
    drafters, model.drafters = model.drafters, []
    assert write(model, schema, max_tokens=400) == guessed
    model.drafters = drafters
    assert json.loads(guessed[0]) == ["a longer word"] * 12
    assert 0 <= accepted <= drafted


def test_many_schemas_are_compiled_and_forgotten(model: Model) -> None:
    """Only the last few grammars are kept, and one that was given up is compiled anew."""
    for number in [*range(12), 0]:
        assert write(model, {"const": f"x{number}"})[0] == f'"x{number}"'


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "http://localhost/schema.json"},
        {"enum": []},
        {"type": "object", "properties": 5},
        {"type": "string", "pattern": "("},
        {"type": "string", "minLength": 10**9},
        {"type": "array", "items": {"type": "string"}, "maxItems": 10**9},
        {"type": "string", "pattern": "^a{1,999999999}$"},
        {"type": "string", "maxLength": 9_999},
        {"properties": {"enum": {"type": "string", "minLength": 10**9}}},
    ],
    ids=lambda schema: json.dumps(schema)[:40],
)
def test_a_schema_that_cannot_be_followed_is_one_clear_error(model: Model, schema: Mapping[str, Any]) -> None:
    """The process lives, and the next answer is written."""
    with pytest.raises(UsageError, match="JSON schema"):
        write(model, schema)
    assert write(model, {"const": 1})[0].strip() == "1"


def test_a_schema_nested_without_end_is_an_error() -> None:
    """Python's own limit on recursion becomes a sentence."""
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(500):
        schema = {"type": "array", "items": schema}
    with pytest.raises(UsageError, match="deeply"):
        to_gbnf(schema)


def test_an_answer_cut_off_in_the_middle_ends_as_one(model: Model) -> None:
    """The token limit holds within a grammar, and is told apart from a complete answer."""
    assert write(model, {"type": "object"}, max_tokens=4)[1] == "length"
