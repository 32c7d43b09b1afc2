"""Who writes the answers: our own engine, or the model server that the settings name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Union

from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.config import Settings
    from assistant.engine.client import EngineClient
    from assistant.engine.remote import RemoteClient


def has_generator(settings: "Settings") -> bool:
    """Tell whether the settings name anybody who writes answers."""
    return bool(settings.model.url or settings.model.path)


def open_generator(
    places: Places,
    settings: "Settings",
    *,
    model: str | None = None,
    is_private: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Union["EngineClient", "RemoteClient"]:
    """Open whoever writes the answers; does not wait until the model is loaded.

    Args:
        places: Where kb lives.
        settings: Names a GGUF or a server; a server goes before.
        model: A GGUF that stands in for both, by name or path.
        is_private: Whether the engine may write nothing of what it is asked to the disk.
        say: Told what is waited for.

    Raises:
        ConfigError: If the server's URL cannot be honoured.
        EngineError: If the model is missing, or its engine does not start.
    """
    # deferred, both: most of it is needed only with a model, and only one of the two.
    if settings.model.url and model is None:
        from assistant.engine.remote import open_remote

        say("asking the model server…")
        return open_remote(settings.model, say=say)
    from assistant.engine.client import open_engine

    say("starting the model…")
    return open_engine(places, settings.model, model=model, is_private=is_private)
