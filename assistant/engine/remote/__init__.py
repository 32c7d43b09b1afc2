"""Somebody else's model server in place of our own engine; standard library only.

`[model] url` leads to a server that speaks the chat-completions dialect over
loopback or a Unix socket: Ollama, LM Studio, llama-server, vLLM, llama-cpp-python.
Another machine is refused unless `[model] allow_remote` is set.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.engine.remote.address import is_surely_here, read_address
from assistant.engine.remote.client import RemoteClient
from assistant.engine.remote.exchange import Patience

if TYPE_CHECKING:
    from assistant.config import ModelSettings

__all__ = ["Patience", "RemoteClient", "describe_server", "open_remote"]

_QUICK = Patience(asking_s=3.0, loading_s=3.0)


def open_remote(settings: "ModelSettings", *, say: Callable[[str], None] | None = None) -> RemoteClient:
    """Make the client of the server at `[model] url`; nothing is sent yet.

    Args:
        settings: `[model]` of the config.
        say: Told what is waited for, in a few words.

    Raises:
        ConfigError: If the url is none, or leads to another machine and that is not allowed.
        EngineUnavailableError: If the machine it names does not exist.
    """
    return RemoteClient(settings, say=say)


def describe_server(settings: "ModelSettings") -> str:
    """Say in one sentence which server and model `[model] url` leads to.

    No model is loaded for it, and another machine is not asked; where one is
    involved, the sentence begins with "REMOTE MODEL".

    Raises:
        ConfigError: If the url is none, or leads to another machine and that is not allowed.
        EngineError: If nothing fit answers there.
    """
    address = read_address(settings.url)
    if settings.allow_remote and not is_surely_here(address):
        model = settings.url_model or "its first model"
        return f"REMOTE MODEL: {model} at {address.shown}, which is not asked now"
    return RemoteClient(settings, patience=_QUICK).describe()
