"""Tests of planning what of a model goes where."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as some

from assistant.engine.fit import Plan, Wishes, plan_for
from assistant.engine.fit.caches import Cache
from assistant.engine.fit.costs import Costs, Layer
from assistant.engine.fit.plan import plan
from assistant.engine.types import Device
from tests.models.wired_gguf import write_random_model

MIB = 1024**2
GIB = 1024**3


def ram(free: int, total: int = 0) -> Device:
    """The computer's own memory."""
    return Device(name="CPU", kind="cpu", free_bytes=free, total_bytes=total or free)


def card(free: int) -> Device:
    """A GPU of which everything is free."""
    return Device(name="card", kind="gpu", free_bytes=free, total_bytes=free)


def model(*, layers: int = 32, layer: int = 128 * MIB, experts: int = 0, trained: int = 131_072) -> Costs:
    """A model whose layers keep 4 KiB a token, like those of Llama 8B."""
    one = Layer(weight_bytes=layer, expert_bytes=experts, caches=(Cache(numbers=2048),))
    return Costs(
        layers=(one,) * layers,
        input_bytes=512 * MIB,
        output_bytes=512 * MIB,
        trained_context_tokens=trained,
        width=4096,
        hidden=14_336,
        attended=4096,
        vocabulary=128_000,
    )


MODELS = some.builds(
    model,
    layers=some.integers(1, 60),
    layer=some.integers(1, 400).map(lambda size: size * MIB),
    experts=some.sampled_from([0, 0, 50 * MIB, 900 * MIB]),
    trained=some.sampled_from([0, 2048, 8192, 40_960, 1_048_576]),
)
WISHES = some.builds(
    Wishes,
    context_tokens=some.sampled_from([0, 0, 0, 2048, 16_384, 100_000]),
    gpu_layers=some.sampled_from([-1, -1, 0, 7]),
    kv_type=some.sampled_from(["auto", "auto", "f16", "q4_0"]),
    batch_tokens=some.sampled_from([0, 256, 2048]),
)
BYTES = some.integers(0, 96).map(lambda size: size * GIB // 2)


def on_gpu(found: Plan) -> tuple[int, int]:
    """How much of a model stands on the GPU: layers, and those of them with their experts."""
    return found.gpu_layers, -found.expert_layers_on_cpu


@settings(deadline=None)
@given(costs=MODELS, wishes=WISHES, gpu=BYTES, more=BYTES)
def test_more_memory_never_takes_anything_off_the_gpu(
    costs: Costs, wishes: Wishes, gpu: int, more: int
) -> None:
    """A larger card holds at least as many layers, and as much context of what stands there alike."""
    small = plan(costs, [card(gpu), ram(256 * GIB)], wishes)
    large = plan(costs, [card(gpu + more), ram(256 * GIB)], wishes)
    assert on_gpu(large) >= on_gpu(small)
    if on_gpu(large) == on_gpu(small):
        assert large.context_tokens >= small.context_tokens


@settings(deadline=None)
@given(costs=MODELS, wishes=WISHES, free=BYTES, more=BYTES)
def test_more_memory_never_shortens_the_context_of_the_cpu(
    costs: Costs, wishes: Wishes, free: int, more: int
) -> None:
    """Without a GPU it is the computer's own memory that decides."""
    small, large = (plan(costs, [ram(size)], wishes) for size in (free, free + more))
    assert large.context_tokens >= small.context_tokens
    assert (large.where == "too large") <= (small.where == "too large")


@settings(deadline=None)
@given(costs=MODELS, wishes=WISHES, gpus=some.lists(BYTES, max_size=3), free=BYTES)
def test_no_more_is_planned_than_is_free(costs: Costs, wishes: Wishes, gpus: list[int], free: int) -> None:
    """Of the GPUs never; of the computer's own memory only with a word about it."""
    found = plan(costs, [*map(card, gpus), ram(free)], wishes)
    assert found.gpu_bytes <= sum(gpus)
    assert found.gpu_bytes + found.cpu_bytes <= sum(gpus) + free or found.remarks
    assert (found.where == "too large") <= bool(found.remarks)


@settings(deadline=None)
@given(costs=MODELS, wishes=WISHES, gpu=BYTES, free=BYTES)
def test_wishes_are_kept(costs: Costs, wishes: Wishes, gpu: int, free: int) -> None:
    """What the settings name is taken, or less of it, with a word where less context is given."""
    found = plan(costs, [card(gpu), ram(free)], wishes)
    assert wishes.kv_type in (found.kv_type, "auto")
    assert found.batch_tokens == wishes.batch_tokens or not wishes.batch_tokens
    assert found.gpu_layers <= (wishes.gpu_layers if wishes.gpu_layers >= 0 else found.layers)
    trained = costs.trained_context_tokens or found.context_tokens
    assert found.context_tokens <= trained
    if wishes.context_tokens and found.context_tokens < min(wishes.context_tokens, trained):
        assert found.remarks


def test_a_card_with_room_holds_everything_and_a_long_context() -> None:
    """A model of 4.5 GB on a card of 24 GB."""
    found = plan(model(), [card(24 * GIB), ram(32 * GIB)], Wishes())
    assert (found.where, found.gpu_layers, found.layers) == ("GPU", 33, 33)
    assert (found.context_tokens, found.kv_type, found.batch_tokens) == (32_768, "f16", 1024)
    assert not found.remarks


def test_context_gives_way_to_layers_and_then_becomes_coarser() -> None:
    """On smaller and smaller cards: first less context, then smaller numbers, then fewer layers."""
    found = [plan(model(), [card(size * MIB), ram(32 * GIB)], Wishes()) for size in (8000, 6100, 5600, 4000)]
    assert [each.where for each in found] == ["GPU", "GPU", "GPU", "partly"]
    assert [each.kv_type for each in found[:3]] == ["f16", "q8_0", "q8_0"]
    assert found[0].context_tokens > found[1].context_tokens > found[2].context_tokens


def test_experts_leave_the_gpu_before_layers_do() -> None:
    """Most of a model of experts is seldom used; its attention stays where it is fast."""
    costs = model(layers=48, layer=20 * MIB, experts=600 * MIB)
    found = plan(costs, [card(12 * GIB), ram(64 * GIB)], Wishes())
    assert (found.where, found.gpu_layers) == ("partly", 49)
    assert 0 < found.expert_layers_on_cpu < 48
    cramped = plan(costs, [card(2 * GIB), ram(64 * GIB)], Wishes())
    assert 0 < cramped.gpu_layers < 49
    assert cramped.expert_layers_on_cpu == cramped.gpu_layers - 1


def test_an_integrated_gpu_shares_the_computers_memory() -> None:
    """Its memory is not counted a second time, and is not used beside a card."""
    shared = Device(name="shared", kind="igpu", free_bytes=30 * GIB, total_bytes=32 * GIB)
    alone = plan(model(layer=800 * MIB), [shared, ram(16 * GIB)], Wishes())
    assert alone.where == "too large"
    beside = plan(model(), [card(4 * GIB), shared, ram(16 * GIB)], Wishes())
    assert beside.where == "partly"


def test_several_cards_hold_together_what_one_could_not() -> None:
    """Layers are divided among them."""
    costs = model(layer=600 * MIB)
    assert plan(costs, [card(16 * GIB), ram(32 * GIB)], Wishes()).where == "partly"
    assert plan(costs, [card(16 * GIB), card(16 * GIB), ram(32 * GIB)], Wishes()).where == "GPU"


def test_a_model_larger_than_all_memory_is_too_large() -> None:
    """It is told apart from one for which other programs would have to make room."""
    costs = model(layer=600 * MIB)
    assert plan(costs, [ram(8 * GIB)], Wishes()).where == "too large"
    crowded = plan(costs, [ram(8 * GIB, 64 * GIB)], Wishes())
    assert (crowded.where, crowded.context_tokens) == ("CPU", 4096)
    assert crowded.remarks == ("the model needs 21.6 GB of memory, of which 7.5 GB are free",)


def test_a_compressed_cache_is_not_made_coarser() -> None:
    """Models that keep little of a token anyway take less context instead."""
    costs = replace(model(), is_cache_quantisable=False)
    found = plan(costs, [card(6100 * MIB), ram(32 * GIB)], Wishes())
    assert found.kv_type == "f16"
    assert found.where == "GPU"


def test_a_draft_model_is_left_room_for() -> None:
    """What it takes is not given to the context."""
    alone = plan(model(), [card(9 * GIB), ram(32 * GIB)], Wishes())
    beside = plan(model(), [card(9 * GIB), ram(32 * GIB)], Wishes(beside_bytes=GIB))
    assert beside.context_tokens < alone.context_tokens


def test_a_file_is_planned_for_by_its_head_alone(tmp_path: Path) -> None:
    """Every layer goes on the card, the output layer too, and all the context it was trained on."""
    file = write_random_model(tmp_path / "m.gguf", layers=4)
    found = plan_for(file, [card(8 * GIB), ram(16 * GIB)], Wishes())
    assert (found.where, found.gpu_layers, found.layers, found.context_tokens) == ("GPU", 5, 5, 8192)
    found = plan_for(file, [ram(16 * GIB)], Wishes())
    assert (found.where, found.gpu_layers, found.gpu_bytes) == ("CPU", 0, 0)


def test_several_cards_hold_intermediate_results_several_times() -> None:
    """What is planned for two cards is more than for one that holds the same."""
    one = plan(model(), [card(64 * GIB), ram(64 * GIB)], Wishes())
    two = plan(model(), [card(32 * GIB), card(32 * GIB), ram(64 * GIB)], Wishes())
    assert (one.where, two.where) == ("GPU", "GPU")
    assert two.gpu_bytes > one.gpu_bytes
