"""Tests of remembering what was found out about files."""

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.engine.models.kept import Bench, Kept, Verdict

VERDICT = Verdict(loads=False, reason="damaged", llama_cpp="1.2.3")
BENCH = Bench(
    load_s=1.5,
    prompt_tokens_per_s=100.0,
    generation_tokens_per_s=10.0,
    first_token_s=0.2,
    gpu_bytes=0,
    device="CPU",
    when="2026-11-24T03:00:00Z",
)


def make(tmp_path: Path, name: str = "m.gguf", data: bytes = b"1") -> Path:
    """Make a model file."""
    file = tmp_path / name
    file.write_bytes(data)
    return file


def test_what_is_kept_is_there_the_next_time(tmp_path: Path) -> None:
    """Verdict and speed of a file stand side by side."""
    model = make(tmp_path)
    kept = Kept(tmp_path / "models.json")
    assert (kept.verdict(model), kept.bench(model)) == (None, None)
    kept.keep_verdict(model, VERDICT)
    kept.keep_bench(model, BENCH)
    again = Kept(tmp_path / "models.json")
    assert (again.verdict(model), again.bench(model)) == (VERDICT, BENCH)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.gguf", "models.json"]


def test_another_file_under_the_same_name_is_unknown(tmp_path: Path) -> None:
    """A verdict holds for one version of a file."""
    model = make(tmp_path)
    kept = Kept(tmp_path / "models.json")
    kept.keep_verdict(model, VERDICT)
    make(tmp_path, data=b"another")
    assert kept.verdict(model) is None
    kept.keep_bench(model, BENCH)
    assert Kept(tmp_path / "models.json").verdict(model) is None


def test_a_part_that_was_replaced_makes_another_model(tmp_path: Path) -> None:
    """All parts of a split model count."""
    first, second = (make(tmp_path, f"m-0000{number}-of-00002.gguf") for number in (1, 2))
    kept = Kept(tmp_path / "models.json")
    kept.keep_verdict(first, VERDICT)
    assert kept.verdict(first) == VERDICT
    second.write_bytes(b"other")
    assert kept.verdict(first) is None


def test_two_processes_do_not_forget_for_each_other(tmp_path: Path) -> None:
    """What another one wrote in between stays."""
    one, two = make(tmp_path, "1.gguf"), make(tmp_path, "2.gguf")
    first, second = Kept(tmp_path / "models.json"), Kept(tmp_path / "models.json")
    first.keep_verdict(one, VERDICT)
    second.keep_verdict(two, VERDICT)
    kept = Kept(tmp_path / "models.json")
    assert (kept.verdict(one), kept.verdict(two)) == (VERDICT, VERDICT)


def test_a_place_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    """Not to remember costs time the next time, and nothing now."""
    model = make(tmp_path)
    kept = Kept(tmp_path / "missing" / "models.json")
    kept.keep_verdict(model, VERDICT)
    assert kept.verdict(model) == VERDICT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["format", "models", "verdict", "bench", "loads"]) | st.text(), inner
        )
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(said=JSON | st.builds(lambda models: {"format": 1, "models": models}, JSON))
def test_a_damaged_file_is_begun_anew(tmp_path: Path, said: object) -> None:
    """Whatever stands in it, what is kept now is there the next time."""
    model = make(tmp_path)
    (tmp_path / "models.json").write_text(json.dumps(said), encoding="utf-8")
    kept = Kept(tmp_path / "models.json")
    assert kept.verdict(model) is None
    kept.keep_verdict(model, VERDICT)
    assert Kept(tmp_path / "models.json").verdict(model) == VERDICT


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(verdict=JSON)
def test_a_verdict_of_another_shape_is_none(tmp_path: Path, verdict: object) -> None:
    """An entry that another release wrote is asked for again."""
    model = make(tmp_path)
    kept = Kept(tmp_path / "models.json")
    kept.keep_verdict(model, VERDICT)
    text = json.loads((tmp_path / "models.json").read_text(encoding="utf-8"))
    text["models"][str(model)]["verdict"] = verdict
    (tmp_path / "models.json").write_text(json.dumps(text), encoding="utf-8")
    found = Kept(tmp_path / "models.json").verdict(model)
    assert found is None or isinstance(found.loads, bool)
