"""Which GPUs there are, whether llama.cpp can use them, and what would let it."""

import importlib.metadata
import importlib.util
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.cli.doctor.findings import Finding, ok, problem, warning
from assistant.engine.models.probing import probe_devices
from assistant.engine.types import Device
from assistant.errors import EngineUnavailableError
from indexer.paths import Places

_TOOL_S = 10.0
"""A driver that hangs does not keep anybody waiting for longer."""

_VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}
_DISPLAY = "0x03"
"""What the class of a PCI device begins with that shows pictures."""

_OPTIONS = {
    # kind of GPU: the option of the build, what its library is called, and what is needed to build it
    "NVIDIA": ("-DGGML_CUDA=on", "cuda", "nvcc", "the CUDA toolkit"),
    "AMD": ("-DGGML_HIP=on", "hip", "hipcc", "ROCm"),
    "Intel": ("-DGGML_VULKAN=on", "vulkan", "glslc", "the Vulkan SDK"),
    "Apple": ("-DGGML_METAL=on", "metal", "clang", "the Xcode command line tools"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU of this machine, whether llama.cpp sees it or not."""

    vendor: str
    name: str


def look_at_devices(places: Places) -> Iterator[Finding]:
    """Say what models can be computed on, and how a GPU that is not used would be."""
    places.create()
    try:
        devices = probe_devices(work_dir=places.work_dir)
    except EngineUnavailableError as error:
        yield problem("devices", error)
        return
    yield from judge(devices, find_cards(), build_backends(), has_tool=lambda tool: bool(shutil.which(tool)))


def judge(
    devices: Sequence[Device],
    cards: Sequence[Card],
    backends: frozenset[str],
    *,
    has_tool: Callable[[str], bool],
) -> Iterator[Finding]:
    """Say of every device what is free of it, and of a GPU that is not used what to do.

    Args:
        devices: What llama.cpp sees.
        cards: What the machine has.
        backends: What this build of llama.cpp can use beside the processor.
        has_tool: Says whether a program can be called.
    """
    gpus = [device for device in devices if device.kind != "cpu"]
    for device in devices:
        free = f"{_gigabytes(device.free_bytes)} of {_gigabytes(device.total_bytes)} free"
        yield ok("memory" if device.kind == "cpu" else "GPU", f"{device.name}, {free}".removeprefix("CPU, "))
    if gpus:
        return
    useful = [card for card in cards if card.vendor != "Intel"]
    if backends:
        names = ", ".join(sorted(backends))
        yield warning(
            "GPU",
            f"this build of llama-cpp-python supports {names}, but finds no GPU",
            "look whether the driver works: `nvidia-smi`"
            if "cuda" in backends
            else "look whether its driver works",
        )
    elif useful:
        names = ", ".join(card.name for card in useful)
        yield warning(
            "GPU",
            f"{names} is not used: this build of llama-cpp-python has no GPU support",
            build_command(useful[0].vendor, has_tool=has_tool),
        )
    else:
        yield ok("GPU", "none found; models are computed on the processor")


def build_command(vendor: str, *, has_tool: Callable[[str], bool]) -> str:
    """Return the command that makes a llama-cpp-python for a kind of GPU, and what it needs first."""
    option, _, tool, needed = _OPTIONS[vendor]
    try:
        version = f"=={importlib.metadata.version('llama-cpp-python')}"
    except importlib.metadata.PackageNotFoundError:
        version = ""
    command = (
        f"`CMAKE_ARGS={option} {sys.executable} -m pip install --force-reinstall --no-deps --no-cache-dir"
        f" --no-binary llama-cpp-python llama-cpp-python{version}`"
    )
    return command if has_tool(tool) else f"install {needed} ({tool} is not found), then run {command}"


def build_backends(package: Path | None = None) -> frozenset[str]:
    """Return what the installed llama.cpp can use beside the processor, by the libraries it comes with.

    Args:
        package: Its folder; that of the installed one if left out. It is not imported.
    """
    if package is None:
        spec = importlib.util.find_spec("llama_cpp")
        if spec is None or spec.origin is None:
            return frozenset()
        package = Path(spec.origin).parent
    known = {library for _, library, _, _ in _OPTIONS.values()} | {"sycl", "opencl", "musa", "cann"}
    stems = {file.name.split(".")[0] for file in package.glob("lib/*ggml-*")}
    return frozenset(stem.rpartition("ggml-")[2] for stem in stems) & known


def find_cards(
    *,
    system: str = sys.platform,
    machine: str = platform.machine(),
    pci: Path = Path("/sys/bus/pci/devices"),
    run: Callable[[Sequence[str]], str] | None = None,
) -> list[Card]:
    """List the GPUs of this machine, as the system tells of them.

    Args:
        system: As `sys.platform`.
        machine: As `platform.machine`.
        pci: Where Linux shows its PCI devices.
        run: Calls a program and returns what it prints; nothing where it fails.
    """
    if system == "darwin":
        return [Card("Apple", "the Apple GPU")] if machine == "arm64" else []
    names = (run or _run)(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]).splitlines()
    cards = [Card("NVIDIA", name.strip()) for name in names if name.strip()]
    for device in sorted(pci.glob("*")):
        try:
            kind, vendor = ((device / name).read_text().strip() for name in ("class", "vendor"))
        except OSError:
            continue
        maker = _VENDORS.get(vendor)
        if maker and kind.startswith(_DISPLAY) and not (maker == "NVIDIA" and cards):
            cards.append(Card(maker, f"an {maker} GPU"))
    return cards


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TOOL_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
