"""Asking llama.cpp about a file or the machine, in a child process that may die of it."""

import contextlib
import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

from assistant.engine.models.kept import Verdict
from assistant.engine.types import Device
from assistant.errors import EngineUnavailableError
from indexer.children import spawn_child

PROBE_LIMIT_S = 30.0
"""A large vocabulary takes under a second; a slow disk some more."""

_MODULE = "assistant.engine.probe"
_NOT_OF_THE_FILE = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def llama_version() -> str:
    """Return the version of llama-cpp-python; empty if it is not installed."""
    # deferred: it reads files, and only verdicts need it.
    import importlib.metadata

    try:
        return importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        return ""


def probe_model(file: Path, *, work_dir: Path, limit_s: float = PROBE_LIMIT_S) -> Verdict | None:
    """Find out whether llama.cpp loads a file.

    Args:
        file: The file; of a split model, the first part.
        work_dir: An empty directory to run in.
        limit_s: The child is killed after so long.

    Returns:
        The verdict; `None` if there is none, because time ran out or somebody killed the child.

    Raises:
        EngineUnavailableError: If llama.cpp does not work at all, whatever the file.
    """
    code, said, errors = _run([str(file)], work_dir=work_dir, limit_s=limit_s)
    version = llama_version()
    if len(said) == 2 and isinstance(said[1], dict):
        reason = str(said[1].get("reason", ""))
        return Verdict(loads=not reason, reason=reason, llama_cpp=version)
    if code is None or -code in _NOT_OF_THE_FILE:
        return None
    if not said or code >= 0:
        raise _broken(code, errors)
    return Verdict(loads=False, reason=f"it makes llama.cpp {_death(code, errors)}", llama_cpp=version)


def probe_devices(*, work_dir: Path, limit_s: float = PROBE_LIMIT_S) -> tuple[Device, ...]:
    """List what llama.cpp can compute on, with the memory that is free now.

    Raises:
        EngineUnavailableError: If llama.cpp does not work, or does not answer in time.
    """
    code, said, errors = _run(["--devices"], work_dir=work_dir, limit_s=limit_s)
    if len(said) < 2:
        raise _broken(code, errors)
    return tuple(Device(**each) for each in said[1])


def _run(arguments: list[str], *, work_dir: Path, limit_s: float) -> tuple[int | None, list[Any], str]:
    """Return the exit code, `None` for time that ran out, the lines of JSON, and what stderr says."""
    child = spawn_child(_MODULE, arguments, work_dir=work_dir, stderr=subprocess.PIPE)
    with child:
        try:
            out, errors = child.communicate(timeout=limit_s)
        except BaseException as error:
            child.kill()
            child.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                return None, [], ""
            raise
    said = []
    for line in out.decode("utf-8", "replace").splitlines():
        with contextlib.suppress(ValueError):
            said.append(json.loads(line))
    return child.returncode, said, errors.decode("utf-8", "replace")


def _death(code: int, errors: str) -> str:
    """Say how a child ended: "stop: GGML_ASSERT(…) failed", "crash (SIGSEGV)"."""
    if found := re.search(r"GGML_ASSERT\(.*\) failed", errors):
        return f"stop: {found[0]}"
    if found := re.search(r"^.*\.(?:cpp|cu|c|h):\d+: (.+)$", errors, re.MULTILINE):
        return f"stop: {found[1]}"
    return f"crash ({signal.Signals(-code).name})"


def _broken(code: int | None, errors: str) -> EngineUnavailableError:
    if code is None:
        return EngineUnavailableError("llama.cpp does not answer")
    if code == -signal.SIGILL:
        return EngineUnavailableError(
            "llama.cpp was built for another processor",
            hint="install llama-cpp-python again on this machine",
        )
    words = _last_line(errors) if code >= 0 else f"it ends with {signal.Signals(-code).name}"
    return EngineUnavailableError(f"llama.cpp does not work here: {words}", hint="`kb doctor` looks into it")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason given")
