"""Models that answer the same questions one after the other, each in an engine of its own."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assistant.cli import diagnostics
from assistant.cli.diagnostics import StatusLine

if TYPE_CHECKING:
    from assistant.engine.client import EngineClient
    from assistant.engine.models import ModelFile
    from assistant.models.surroundings import Surroundings


def find_models(around: "Surroundings", names: str) -> "list[ModelFile]":
    """Find the models of a list with commas, in its order.

    Raises:
        EngineError: If there is none of that name.
    """
    # deferred: only a comparison looks for models.
    from assistant.engine.models.finding import find_file

    wanted = [name.strip() for name in names.split(",") if name.strip()]
    return [find_file(name, around.shelves) for name in dict.fromkeys(wanted)]


@contextlib.contextmanager
def engine_of(
    around: "Surroundings", file: "ModelFile", line: StatusLine
) -> Iterator[tuple["EngineClient", dict[str, Any]]]:
    """Load a model in an engine of its own, which leaves at the end.

    Yields:
        The engine's client, and what the model takes: see `Run.cost`.

    Raises:
        EngineError: If it does not load.
    """
    # deferred: only a comparison starts engines of its own.
    from assistant.cli.models.measuring import make_room, own_engine, resident_bytes
    from assistant.engine.models.cards import read_card
    from assistant.engine.models.finding import find_model

    settings = around.settings.model.model_copy(update={"keep_alive_s": 600})
    if settings.draft_path:
        # the home of this engine holds no models of its own.
        draft = find_model(settings.draft_path, around.shelves)
        settings = settings.model_copy(update={"draft_path": str(draft)})
    if make_room(around.places, on_progress=line.show):
        line.wipe()
        diagnostics.notice(
            "the engine has left, so that its memory is free; the next question starts it again"
        )
    line.show(f"loading {file.name}…")
    with own_engine(settings, file.path) as client:
        status = client.wait_ready()
        cost = {
            "licence": read_card(file).licence.allows,
            "size_bytes": file.size_bytes,
            "load_s": float(status["load_s"]),
            "device": str(status["device"]),
        }
        yield client, cost
        # at the end, when its context has been used.
        status = client.status()
        cost["gpu_bytes"] = int(status.get("gpu_bytes", 0))
        cost["ram_bytes"] = resident_bytes(int(status["pid"]))
