"""Starting the process that downloads, from a face; standard library only."""

import json
import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any

from assistant.errors import DownloadError
from indexer.children import child_environment, spawn_child
from indexer.errors import ConfigError, KbError, UsageError
from indexer.paths import Places

_MODULE = "assistant.engine.pull"
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_KEPT = frozenset(
    {
        # how to get out, and whom to trust.
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
        # where other programs keep their models: what they have need not be fetched.
        "OLLAMA_MODELS", "LLAMA_CACHE", "HUGGINGFACE_HUB_CACHE",
    }
)  # fmt: skip


def pull_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of the one process that may use the network."""
    environ = os.environ if environ is None else environ
    ours = {key: value for key, value in child_environment(environ).items() if key not in _OFFLINE}
    theirs = {key: value for key, value in environ.items() if key.upper() in _KEPT or key.startswith("HF_")}
    return {**theirs, **ours}


def pulling(
    places: Places, name: str, *, quantisation: str = "", environ: Mapping[str, str] | None = None
) -> Generator[dict[str, Any], None, None]:
    """Download a model in a process of its own, which ends when this iterator is closed.

    Args:
        places: Where kb lives; its directories exist.
        name: As a person typed it.
        quantisation: Which one of several; empty for the largest that fits.
        environ: Stands for `os.environ`.

    Yields:
        What the process tells; see `assistant.engine.pull.__main__`.

    Raises:
        DownloadError: Why nothing was downloaded.
        UsageError: If the name makes no sense.
        ConfigError: If the settings do not hold.
    """
    arguments = [
        f"--home={places.home}",
        f"--config={places.config_file}",
        f"--quant={quantisation}",
        "--",
        name,
    ]
    process = spawn_child(
        _MODULE,
        arguments,
        work_dir=places.work_dir,
        stderr=subprocess.DEVNULL,
        environment=pull_environment(environ),
    )
    with closing(_Killing(process)):
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if "error" in event:
                raise _read_error(event["error"])
            yield event
            if "saved" in event or "there" in event:
                return
    raise DownloadError(
        "the process that downloads was ended", hint="the same command goes on where it stopped"
    )


class _Killing:
    """Ends a process when it is closed; what it has written stays."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def close(self) -> None:
        self._process.kill()
        # the pipes as well.
        with self._process:
            pass


def _read_error(error: Mapping[str, Any]) -> KbError:
    kinds: tuple[type[KbError], ...] = (UsageError, ConfigError)
    kind = next((each for each in kinds if each.__name__ == error.get("kind")), DownloadError)
    return kind(error["message"], hint=error.get("hint", ""))
