"""Asking llama.cpp about a file or the machine, in a child process that may die of it."""

import contextlib
import json
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from assistant.engine.models.kept import Verdict
from assistant.engine.types import Device
from assistant.errors import EngineUnavailableError
from indexer.children import spawn_child

PROBE_LIMIT_S = 30.0
"""A large vocabulary takes under a second; a slow disk some more."""

_GLANCE_S = 0.005
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
    with Probe([str(file)], work_dir=work_dir) as probe:
        probe.wait(limit_s)
        return probe.verdict()


def probe_models(
    files: Sequence[Path], *, work_dir: Path, limit_s: float, at_once: int
) -> Generator[tuple[Path, Verdict | None], None, None]:
    """Find out which of several files llama.cpp loads, in no certain order.

    Args:
        files: As in `probe_model`.
        work_dir: An empty directory to run in.
        limit_s: What has no verdict after so long is left out; closing the generator ends all children.
        at_once: Children at a time, at least 1.

    Raises:
        EngineUnavailableError: If llama.cpp does not work at all, whatever the file.
    """
    end = time.monotonic() + limit_s
    waiting = list(files)[::-1]
    with contextlib.ExitStack() as running:
        probes: dict[Path, Probe] = {}
        while (waiting or probes) and time.monotonic() < end:
            while waiting and len(probes) < at_once:
                file = waiting.pop()
                probes[file] = running.enter_context(Probe([str(file)], work_dir=work_dir))
            for file in [file for file, probe in probes.items() if probe.has_ended()]:
                yield file, probes.pop(file).verdict()
            time.sleep(_GLANCE_S)


def probe_devices(*, work_dir: Path, limit_s: float = PROBE_LIMIT_S) -> tuple[Device, ...]:
    """List what llama.cpp can compute on, with the memory that is free now.

    Raises:
        EngineUnavailableError: If llama.cpp does not work, or does not answer in time.
    """
    with Probe(["--devices"], work_dir=work_dir) as probe:
        probe.wait(limit_s)
        return probe.devices()


class Probe:
    """One child that answers one question; it is killed where the context ends.

    Args:
        arguments: What it is asked.
        work_dir: An empty directory to run in.
    """

    def __init__(self, arguments: Sequence[str], *, work_dir: Path) -> None:
        # a file: nobody reads while it runs, and a pipe that is full would stop it.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed where the context ends
        try:
            self._process = spawn_child(_MODULE, arguments, work_dir=work_dir, stderr=self._errors)
        except BaseException:
            self._errors.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        with self._process:
            self._errors.close()

    def has_ended(self) -> bool:
        """Say whether there is an answer, or never will be."""
        return self._process.poll() is not None

    def wait(self, limit_s: float) -> None:
        """Wait for the end, but no longer than so."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(limit_s)

    def verdict(self) -> Verdict | None:
        """Return what it says of a file, as `probe_model` does."""
        code, said, errors = self._read()
        version = llama_version()
        if len(said) == 2 and isinstance(said[1], dict):
            reason = str(said[1].get("reason", ""))
            return Verdict(loads=not reason, reason=reason, llama_cpp=version)
        if code is None or -code in _NOT_OF_THE_FILE:
            return None
        if not said or code >= 0:
            raise _broken(code, errors)
        return Verdict(loads=False, reason=f"it makes llama.cpp {_death(code, errors)}", llama_cpp=version)

    def devices(self) -> tuple[Device, ...]:
        """Return what it says of the machine, as `probe_devices` does."""
        code, said, errors = self._read()
        if len(said) < 2:
            raise _broken(code, errors)
        return tuple(Device(**each) for each in said[1])

    def _read(self) -> tuple[int | None, list[Any], str]:
        """Return the exit code, `None` if it still runs, its lines of JSON, and what it wrote to stderr."""
        code = self._process.poll()
        if code is None:
            return None, [], ""
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout.read().decode("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError):
                said.append(json.loads(line))
        self._errors.seek(0)
        return code, said, self._errors.read().decode("utf-8", "replace")


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
