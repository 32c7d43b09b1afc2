"""Starting the processes kb is made of, each with an environment that cannot steer it.

Children run `python -m MODULE` in an empty directory (chromadb reads a `.env`
of the current directory) with hub access switched off. They are spawned, never
forked: Chroma and torch do not survive a fork.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_KEPT = (
    "HOME",
    "KB_HOME",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "PATH",
    "PYTHONPATH",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
)
_KEPT_PREFIXES = ("CUDA_", "HIP_", "KB_", "LC_", "NVIDIA_", "ROCR_", "XDG_")

_SET = {
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
    "GGML_NO_BACKTRACE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    # kernels for as many shapes of a batch are kept; the default of 1024 grows the worker by half
    # a gigabyte while it indexes, for good, and saves no processor time that can be measured.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
    # threads that spin while waiting make a query 20 times slower on a busy machine.
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONUTF8": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}


def child_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a child: what it needs of ours, and our switches."""
    environ = os.environ if environ is None else environ
    kept = {key: value for key, value in environ.items() if key in _KEPT or key.startswith(_KEPT_PREFIXES)}
    return {**kept, **_SET}


def spawn_child(
    module: str,
    arguments: Sequence[str],
    *,
    work_dir: Path,
    stderr: int | IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `python -m module` that talks frames over its standard input and output.

    Args:
        module: Dotted name of the module to run.
        arguments: Its command-line arguments.
        work_dir: An empty directory to run in.
        stderr: As in `subprocess.Popen`; `None` shares ours.
        environment: What stands in for `child_environment()`.
    """
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=work_dir,
        env=child_environment() if environment is None else environment,
        # its own group: Ctrl-C in a terminal reaches the parent, which ends its children in order.
        start_new_session=True,
    )


def spawn_detached(module: str, arguments: Sequence[str], *, work_dir: Path, log_file: Path) -> int:
    """Start a resident process that outlives us, its output appended to a log of mode 0600.

    Returns:
        Its process id.
    """
    descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=work_dir,
            env=child_environment(),
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    # nobody holds on to this object: with a return code it is forgotten without a warning.
    process.returncode = 0
    return process.pid


def family(pid: int) -> "list[psutil.Process]":
    """List a process and everything below it, itself first; none if it is gone."""
    # deferred: only what ends processes the hard way asks.
    import psutil

    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def kill(processes: "Iterable[psutil.Process]") -> None:
    """End processes at once; one whose number belongs to another by now is left alone."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
