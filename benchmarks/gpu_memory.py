"""What the memory of a device gives: the bound for everything that reads all weights for each token.

    python -m benchmarks.gpu_memory

prints bytes a second, read and written together, as one JSON object. It is a process of its own, so that
nothing of it stays on the card that a model is to fit on.
"""

import ctypes
import ctypes.util
import json
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

_GPU_BYTES = 2 << 30
_CPU_BYTES = 256 << 20
_ROUNDS = 20
_DEVICE_TO_DEVICE = 3


def measure_memory() -> tuple[str, float]:
    """Return what was measured and how, and its bytes a second."""
    for way, measure in (
        ("a copy by torch", _by_torch),
        ("a copy by the CUDA runtime", _by_cuda),
        ("a copy by numpy, one thread", _by_numpy),
    ):
        if found := measure():
            return way, found
    raise AssertionError("numpy can always copy")


def _by_torch() -> float:
    import torch

    if not torch.cuda.is_available():
        return 0.0
    source = torch.empty(_GPU_BYTES, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)

    def copy() -> None:
        target.copy_(source)

    return _best(copy, torch.cuda.synchronize, _GPU_BYTES)


def _by_cuda() -> float:
    """Copy with the CUDA runtime that llama.cpp's build needs, where torch was installed without CUDA."""
    try:
        cuda = ctypes.CDLL(_cuda_library())
    except OSError:
        return 0.0
    source, target = ctypes.c_void_p(), ctypes.c_void_p()
    for pointer in (source, target):
        if cuda.cudaMalloc(ctypes.byref(pointer), ctypes.c_size_t(_GPU_BYTES)):
            return 0.0

    def copy() -> None:
        cuda.cudaMemcpyAsync(target, source, ctypes.c_size_t(_GPU_BYTES), _DEVICE_TO_DEVICE, None)

    def wait() -> None:
        if code := cuda.cudaDeviceSynchronize():
            raise OSError(f"CUDA failed with code {code}")

    return _best(copy, wait, _GPU_BYTES)


def _cuda_library() -> str:
    inside = Path(sysconfig.get_paths()["purelib"]) / "nvidia"
    found = [
        *inside.rglob("libcudart.so*"),
        *Path("/usr/local").glob("cuda*/lib64/libcudart.so*"),
    ]
    return ctypes.util.find_library("cudart") or (str(found[0]) if found else "libcudart.so")


def _by_numpy() -> float:
    import numpy as np

    source = np.ones(_CPU_BYTES, np.uint8)
    target = np.empty_like(source)

    def copy() -> None:
        np.copyto(target, source)

    return _best(copy, lambda: None, _CPU_BYTES)


def _best(copy: Callable[[], None], wait: Callable[[], None], size: int) -> float:
    """Return the best of some rounds: what gets in between only makes it slower."""
    copy()
    wait()
    best_s = float("inf")
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        copy()
        wait()
        best_s = min(best_s, time.perf_counter() - started)
    return 2 * size / best_s


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure_memory()) + "\n")
