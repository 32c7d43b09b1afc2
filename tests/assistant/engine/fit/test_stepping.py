"""Tests of what is tried when a model does not fit as it was planned."""

from itertools import pairwise

from hypothesis import given, settings

from assistant.engine.fit import Wishes
from assistant.engine.fit.costs import Costs
from assistant.engine.fit.stepping import describe_step, list_steps
from tests.assistant.engine.fit.test_plan import BYTES, GIB, MODELS, WISHES, card, model, on_gpu, ram


@settings(deadline=None)
@given(costs=MODELS, wishes=WISHES, gpu=BYTES)
def test_every_step_takes_less_of_the_gpu(costs: Costs, wishes: Wishes, gpu: int) -> None:
    """From the best plan down to none of it, and then to less and less context."""
    steps = list(list_steps(costs, [card(gpu), ram(256 * GIB)], wishes))
    for one, following in pairwise(steps):
        assert one != following
        assert following.gpu_bytes < one.gpu_bytes or not following.gpu_layers
        assert on_gpu(following) <= on_gpu(one)
    assert steps[-1].gpu_layers == 0
    assert steps[-1].context_tokens <= 2048


def test_a_step_is_told_in_one_sentence() -> None:
    """What was wanted, why it could not be had, and what is there instead."""
    first, second, *_ = list_steps(model(), [card(6 * GIB), ram(32 * GIB)], Wishes())
    assert describe_step(first, second, "cudaMalloc failed: out of memory") == (
        "33 layers on the GPU and 8,192 tokens of context in q8_0 could not be had (cudaMalloc failed: out of"
        " memory), 27 layers on the GPU and 8,192 tokens of context were taken instead"
    )


def test_a_small_model_on_a_large_card_steps_down_slowly_too() -> None:
    """What is counted on is a share of what the model takes, not of what the card claims to have."""
    steps = list(list_steps(model(), [card(96 * GIB), ram(96 * GIB)], Wishes()))
    placed = [step.gpu_layers for step in steps if step.gpu_layers]
    assert len(set(placed)) >= 4
    assert min(placed) < 10
