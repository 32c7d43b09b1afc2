"""Tests of what is kept of earlier prompts: it is found again, and it changes no answer."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import llama_cpp.llama_cpp as llama
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.llama import Model, load_model
from assistant.engine.llama.prefixes import Thrift, shared_length
from assistant.engine.types import Interrupted, Sampling
from tests.models.shapes import write_shape

GREEDY = Sampling(temperature=0)
KEEPS_ALL = Thrift(least_tokens=16, margin=0, added_s=1e9)
KEEPS_NONE = Thrift(least_tokens=10**9)

SHAPES = (
    "llama",
    "llama4",
    "gemma3",
    "gpt-oss",
    "qwen35",
    "lfm2",
    "nemotron_h",
    "granitehybrid",
    "deepseek4",
)
"""Plain attention, chunked and sliding windows, and every kind of layer that cannot be cut back."""

ROUNDED = 0.05
"""Batches that are cut elsewhere are rounded elsewhere; this much that changes the scores."""

WRONG = 1.0
"""A rounding may send a token to other experts, but a wrong memory changes scores by more than this."""


def load(path: Path, thrift: Thrift) -> Model:
    """Load a model that keeps what `thrift` says, and guesses nothing."""
    model = load_model(path, context_tokens=2048, gpu_layers=0, threads=1)
    model.prefixes.thrift = thrift
    return model


def text(seed: int, length: int) -> list[int]:
    """Return tokens that have nothing in common with another seed's."""
    return random.Random(seed).choices(range(20, 200), k=length)


def write(model: Model, tokens: int = 12) -> bytes:
    """Return what a model writes behind its prompt."""
    return b"".join(data for data, _ in model.write(GREEDY, max_tokens=tokens))


def scores(model: Model) -> npt.NDArray[np.float32]:
    """Return the scores behind the last token."""
    context = model.prefixes.context
    size = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(llama.llama_get_model(context)))
    return np.ctypeslib.as_array(llama.llama_get_logits_ith(context, -1), (size,)).copy()


def difference(one: Model, other: Model) -> float:
    """Return how far the scores of two models are apart, in standard deviations of the scores."""
    expected = scores(other)
    return float(np.abs(scores(one) - expected).max() / expected.std())


@pytest.fixture(scope="module", params=SHAPES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Model]]:
    """One architecture twice: a model that keeps all it can, and one that keeps nothing."""
    path = write_shape(tmp_path_factory.mktemp("shapes"), request.param)
    models = [load(path, KEEPS_ALL), load(path, KEEPS_NONE)]
    yield models
    for model in models:
        model.close()


@pytest.mark.parametrize("seed", range(3))
def test_what_was_kept_changes_no_answer(pair: Sequence[Model], seed: int) -> None:
    """Conversations that take turns get the scores that each would get from an empty memory."""
    keeping, forgetting = pair
    chance = random.Random(seed)
    system = text(seed, 40)
    conversations = [system + text(seed + number, chance.randrange(60, 500)) for number in range(3)]
    reused = 0
    differences = []
    for step in range(10):
        number = chance.randrange(3)
        prompt = conversations[number] + text(100 * seed + step, chance.randrange(1, 60))
        if len(prompt) > 1800:
            break
        reused += keeping.read(prompt)
        forgetting.prefixes.clear()
        assert forgetting.read(prompt) == 0
        differences.append(difference(keeping, forgetting))
        write(keeping)
        # a follow-up goes on behind the answer, behind the question, or asks the same anew.
        conversations[number] = chance.choice([list(keeping.prefixes.tokens), prompt, conversations[number]])
    assert reused > 0
    assert max(differences) < WRONG
    assert np.median(differences) < ROUNDED


def test_an_earlier_conversation_is_found_again(pair: Sequence[Model]) -> None:
    """After another conversation came between, a follow-up is read from near its end on."""
    model = pair[0]
    model.prefixes.clear()
    first, second = text(11, 700), text(12, 700)
    model.read(first)
    write(model)
    model.read(second)
    write(model)
    follow_up = first + text(13, 30)
    assert model.read(follow_up) >= len(first) - 16
    assert model.read(second + text(14, 30)) >= len(second) - 16


def test_another_question_of_the_same_passages_reads_little(pair: Sequence[Model]) -> None:
    """What parts from the last prompt near its end is not read from the beginning."""
    model = pair[0]
    model.prefixes.clear()
    passages = text(21, 900)
    model.read(passages + text(22, 40))
    write(model)
    assert model.read(passages + text(23, 40)) >= len(passages) - 128


def test_where_conversations_part_is_remembered(pair: Sequence[Model]) -> None:
    """The third conversation under the same instructions reads them no more, in any model."""
    model = pair[0]
    model.prefixes.clear()
    system = text(31, 300)
    for seed in (32, 33):
        model.read(system + text(seed, 400))
        write(model)
    assert model.read(system + text(34, 400)) == len(system)


def test_a_prompt_given_up_half_way_leaves_a_usable_model(pair: Sequence[Model]) -> None:
    """What was read of it until then may be used, and the next answer is right."""
    keeping, forgetting = pair
    prompt = text(41, 1400)

    def give_up(done: int) -> None:
        if done > 600:
            keeping.interrupt()

    keeping.prefixes.clear()
    with pytest.raises(Interrupted):
        keeping.read(prompt, give_up)
    keeping.clear_interrupt()
    forgetting.prefixes.clear()
    keeping.read(prompt)
    forgetting.read(prompt)
    assert difference(keeping, forgetting) < WRONG


@pytest.fixture(scope="module")
def plain(random_model: Path) -> Iterator[Model]:
    """A model with plain attention that keeps all it can."""
    model = load(random_model, KEEPS_ALL)
    yield model
    model.close()


def test_only_so_much_is_kept_as_there_is_room_for(plain: Model) -> None:
    """The conversation that was used longest ago is given up first."""
    size = 0
    prompts = [text(seed, 200) for seed in range(50, 55)]
    for prompt in prompts:
        plain.read(prompt)
        copy = plain.prefixes.copy()
        assert copy is not None
        size = copy.size_bytes
    plain.prefixes.room_bytes = lambda: 2 * size + 1000
    plain.read(prompts[0])
    reused = [plain.read(prompt) for prompt in (prompts[4], prompts[1])]
    assert reused == [199, 0]


def test_what_would_hold_up_the_next_prompt_is_kept_in_a_quiet_moment(plain: Model) -> None:
    """Where a copy costs more than may be added to the time to the first token, it is made before."""
    plain.prefixes.thrift = Thrift(least_tokens=16, margin=0, added_s=0, share=0)
    first, second = text(81, 200), text(82, 200)
    plain.read(first)
    plain.read(second)
    assert plain.read(first) == 0
    plain.settle()
    plain.read(second)
    assert plain.read(first) == len(first) - 1
    plain.prefixes.thrift = KEEPS_ALL


def test_progress_is_told_after_every_batch(plain: Model) -> None:
    """A long prompt is reported on as it is read, what was kept included."""
    told: list[int] = []
    prompt = text(61, 1200)
    plain.read(prompt, told.append)
    assert told == [512, 1024, 1200]
    told.clear()
    plain.read([*prompt, *text(62, 30)], told.append)
    assert told == [1230]


def test_tokens_that_are_sent_become_part_of_the_answer(plain: Model) -> None:
    """The model goes on as if it had written them itself, at any place of its answer."""
    prompt, sent = text(71, 50), text(72, 7)
    plain.read(prompt)
    answer = plain.write(GREEDY, max_tokens=10)
    written = [next(answer), next(answer), next(answer)]
    following = [answer.send(sent), *answer]
    held = list(plain.prefixes.tokens)
    assert held[53:60] == sent
    assert len(written) + len(following) == 10
    plain.read(held[:60])
    expected = plain.write(GREEDY, max_tokens=7)
    assert list(expected) == following


def test_tokens_beyond_the_context_are_not_read(plain: Model) -> None:
    """An answer that is sent more than there is room for has ended."""
    plain.read(text(73, 2000))
    answer = plain.write(GREEDY, max_tokens=100)
    next(answer)
    with pytest.raises(StopIteration) as end:
        answer.send(text(74, 60))
    assert end.value.value == "length"


@given(st.lists(st.integers(0, 2), max_size=40), st.lists(st.integers(0, 2), max_size=40))
def test_two_texts_share_what_they_begin_with(left: list[int], right: list[int]) -> None:
    """The length is the longest of which both beginnings are alike."""
    length = shared_length(left, right)
    assert left[:length] == right[:length]
    assert length == min(len(left), len(right)) or left[length] != right[length]
