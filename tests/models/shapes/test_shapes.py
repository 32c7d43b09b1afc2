"""Every architecture people bring loads, reads, writes, goes back and is given up, in a real llama.cpp."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from assistant.engine.llama import Model, load_model
from assistant.engine.types import Interrupted, Piece, Sampling
from tests.models.shapes import DIALECTS, SHAPES, write_shape
from tests.models.shapes.families import FAMILIES

GREEDY = Sampling(temperature=0)
CONTEXT_TOKENS = 1024

PASSAGES = (
    "the tide was low and the boats lay on the sand; nobody had asked for the keys of the old mill. " * 2
)
QUESTIONS = (
    "who had the keys when the tide was low?",
    "boats: where, when, why",
    "what is known of the old mill",
    "what of the sand and of the tide in the night?",
)


def load(file: Path) -> Model:
    """Load a model with one thread, which is the fastest for such small ones."""
    return load_model(file, context_tokens=CONTEXT_TOKENS, gpu_layers=0, threads=1)


def tokenize(model: Model, *texts: str) -> list[int]:
    """Return the tokens of texts, each tokenised by itself."""
    tokens: list[int] = []
    for text in texts:
        tokens += model.tokenize([Piece(text, False)])
    return tokens


def answer(model: Model, prompt: Sequence[int], *, max_tokens: int = 16) -> bytes:
    """Return what a model writes to a prompt."""
    model.read(prompt)
    return b"".join(data for data, _ in model.write(GREEDY, max_tokens=max_tokens))


def agree(some: Sequence[bytes], others: Sequence[bytes]) -> bool:
    """Say whether answers are the same but for one.

    How many tokens are read at a time changes the order in which llama.cpp sums, and that decides between
    two tokens that are as good as each other.
    """
    return sum(a != b for a, b in zip(some, others, strict=True)) <= 1


@pytest.fixture(scope="module", params=SHAPES)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of each shape in turn, with weights by which each answers different questions differently."""
    return write_shape(tmp_path_factory.mktemp("shapes"), request.param, seed=2)


@pytest.fixture(scope="module")
def model(file: Path) -> Iterator[Model]:
    """Its model, loaded."""
    model = load(file)
    yield model
    model.close()


def test_it_loads_and_says_what_it_is(file: Path, model: Model) -> None:
    """What status lines show of a model is what its file says."""
    shape, facts = SHAPES[file.stem], model.facts
    assert facts.architecture == shape.architecture
    assert (facts.context_tokens, facts.trained_context_tokens) == (CONTEXT_TOKENS, 8192)
    assert facts.template == DIALECTS[shape.dialect].template
    assert facts.eos_text == DIALECTS[shape.dialect].marks[0]
    assert 0 < facts.size_bytes < file.stat().st_size


def test_it_writes_words(model: Model) -> None:
    """A prompt is read, and as many tokens are streamed as were asked for."""
    written = answer(model, tokenize(model, PASSAGES), max_tokens=20)
    assert len(written) >= 20
    assert written.isalpha()


def test_it_answers_questions_as_if_it_had_read_nothing_else(file: Path, model: Model) -> None:
    """On the same passages every next question is answered as it is from the start."""
    prompts = [tokenize(model, PASSAGES, question) for question in QUESTIONS]
    in_a_row = [answer(model, prompt, max_tokens=2) for prompt in prompts]
    alone = []
    for prompt in prompts:
        fresh = load(file)
        alone.append(answer(fresh, prompt, max_tokens=2))
        fresh.close()
    assert len(set(alone)) > 1
    assert agree(in_a_row, alone)


def test_it_goes_on_with_a_conversation_as_if_it_had_read_it_at_once(file: Path, model: Model) -> None:
    """Behind the model's own answers each follow-up gives what the whole conversation gives."""
    conversation = [PASSAGES]
    prompts, in_a_row = [], []
    for question in QUESTIONS:
        conversation.append(question)
        prompts.append(tokenize(model, *conversation))
        in_a_row.append(answer(model, prompts[-1], max_tokens=2))
        conversation.append(in_a_row[-1].decode())
    fresh = load(file)
    alone = []
    for prompt in prompts:
        answer(fresh, tokenize(fresh, QUESTIONS[0][::-1]), max_tokens=1)
        alone.append(answer(fresh, prompt, max_tokens=2))
    fresh.close()
    assert agree(in_a_row, alone)


def test_it_is_given_up_in_the_middle_and_answers_the_next_question(model: Model) -> None:
    """An answer that nobody wants any more leaves a model that works as before."""
    prompts = [tokenize(model, PASSAGES, question) for question in QUESTIONS]
    expected = [answer(model, prompt, max_tokens=2) for prompt in prompts]
    model.read(prompts[0])
    tokens = model.write(GREEDY, max_tokens=100)
    next(tokens)
    model.interrupt()
    with pytest.raises(Interrupted):
        for _ in tokens:
            pass
    model.clear_interrupt()
    assert agree([answer(model, prompt, max_tokens=2) for prompt in prompts], expected)


@pytest.mark.parametrize("name", FAMILIES)
def test_it_writes_with_quantised_matrices(name: str, tmp_path: Path) -> None:
    """Q8_0 of the same weights is another file of the same architecture."""
    model = load(write_shape(tmp_path, name, weights="q8_0"))
    assert model.facts.architecture == SHAPES[name].architecture
    assert answer(model, tokenize(model, PASSAGES))
    model.close()
