"""The model that answers, and the engine that holds it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assistant.cli.doctor.findings import Finding, ok, problem, warning
from assistant.config import ModelSettings, Settings
from assistant.engine.client import EngineClient
from assistant.engine.fit import Plan, describe_context, describe_placement
from assistant.engine.models import find_file, list_shelves
from assistant.engine.models.kinds import USES
from assistant.engine.remote import describe_server
from assistant.errors import EngineUnavailableError, ModelFileError
from assistant.models.surroundings import Surroundings
from indexer.config import load_settings
from indexer.errors import ConfigError, EngineError, KbError
from indexer.paths import Places

_USUAL_SHARE = 0.05
"""What the memory of a GPU may differ from the plan."""


def look_at_model(places: Places) -> Iterator[Finding]:
    """Say whether the configured model is there, loads and fits."""
    try:
        settings = load_settings(places.config_file, Settings)
    except ConfigError:
        # said already, where the settings are looked at.
        return
    around = Surroundings(places=places, settings=settings, shelves=list_shelves(places, settings.model))
    if settings.model.url:
        yield _look_at_server(settings.model)
        return
    if not settings.model.path:
        yield warning(
            "model", "none is set, so answers are in your files' own words", "run `kb models use NAME`"
        )
        return
    if settings.model.draft_path:
        try:
            find_file(settings.model.draft_path, around.shelves)
        except KbError as error:
            yield problem("draft", error)
    try:
        file = find_file(settings.model.path, around.shelves)
    except KbError as error:
        yield problem("model", error)
        return
    library = around.library()
    entry = library.entry(file, free_again_bytes=around.held_gpu_bytes())
    if library.trouble:
        yield problem("model", library.trouble)
    elif entry.trouble:
        yield problem(
            "model", ModelFileError(f"{entry.name}: {entry.trouble}", hint="`kb models list` shows others")
        )
    elif use := USES.get(entry.card.kind):
        yield problem(
            "model", ModelFileError(f"{entry.name} is {use}", hint="`kb models list` shows what can answer")
        )
    elif entry.plan is None:
        yield warning("model", f"{entry.name} could not be tried in time", "run `kb doctor` again")
    else:
        yield judge_plan(entry.name, entry.plan)


def _look_at_server(settings: ModelSettings) -> Finding:
    """Say which server answers in place of a model file, and which of its models."""
    try:
        said = describe_server(settings)
    except KbError as error:
        return problem("model", error)
    return warning("model", said) if said.startswith("REMOTE MODEL") else ok("model", said)


def judge_plan(name: str, plan: Plan) -> Finding:
    """Say where a model would stand, and whether that is all right."""
    context = f"{plan.context_tokens:,} tokens of context"
    if plan.where == "too large":
        return problem(
            "model",
            EngineError(
                f"{name} does not fit in memory: {plan.remarks[0]}",
                hint="`kb models list` shows which ones fit",
            ),
        )
    if plan.where == "CPU":
        where = f"fits on the CPU, with {context}"
    else:
        rest = (
            f", the experts of {plan.expert_layers_on_cpu} of them on the CPU" if plan.experts_on_cpu else ""
        )
        where = f"fits with {plan.gpu_layers}/{plan.layers} layers on the GPU{rest} and {context}"
    said = f"{name} {where}"
    return warning("model", f"{said}; {'; '.join(plan.remarks)}") if plan.remarks else ok("model", said)


def look_at_engine(places: Places) -> Iterator[Finding]:
    """Say what the running engine has made of its plan."""
    try:
        said = EngineClient(places).status()
    except EngineUnavailableError:
        yield ok("engine", "not running; the first question starts it")
        return
    except KbError as error:
        yield problem("engine", error)
        return
    yield from judge_engine(said)


def judge_engine(said: Mapping[str, Any]) -> Iterator[Finding]:
    """Say of an engine where its model stands, what that takes, and what it did without.

    Args:
        said: Its status.
    """
    if failure := said.get("error"):
        yield problem("engine", EngineError(failure["message"], hint=failure.get("hint", "")))
        return
    if "layers" not in said:
        yield ok("engine", f"{said['state']}, {said['progress']:.0%} of the model loaded")
        return
    placement = describe_placement(said)
    # that a GPU could be used and how is told where the devices are looked at.
    is_unexpected = not said["gpu_layers"] and said["is_gpu_build"]
    where = f"{Path(said['model']).name}: {placement}"
    yield (
        warning("engine", where) if is_unexpected else ok("engine", where.removesuffix("; run `kb doctor`"))
    )
    yield ok("context", describe_context(said))
    if said["gpu_layers"]:
        measured, planned = said["gpu_bytes"], said["planned_gpu_bytes"]
        words = f"{measured / 1e9:.2f} GB of the GPU taken, {planned / 1e9:.2f} GB planned"
        off = abs(measured - planned) / planned if planned else 0.0
        if off > _USUAL_SHARE:
            yield warning("plan", f"{words}: {off:.0%} off; another program may have used the GPU meanwhile")
        else:
            yield ok("plan", words)
    for remark in said["remarks"]:
        if remark not in placement:
            yield warning("engine", remark)
