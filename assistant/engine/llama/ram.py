"""The computer's own memory, as far as this process may take it."""

from collections.abc import Iterator
from pathlib import Path

import psutil

from assistant.engine.types import Device

_UNLIMITED = 1 << 60
"""cgroups of the first version write "no limit" as a number beyond any memory."""

_FILES = {
    # version: limit, use, and what of the use is file contents that can be dropped
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def read_ram(*, membership: Path = Path("/proc/self/cgroup"), tree: Path = Path("/sys/fs/cgroup")) -> Device:
    """Return the memory that is free and what there is in all, within the limits of a container.

    Args:
        membership: The file that names this process's control groups.
        tree: Where the control groups are mounted.
    """
    memory = psutil.virtual_memory()
    free, total = memory.available, memory.total
    for limit, left in _limits(membership, tree):
        free, total = min(free, left), min(total, limit)
    return Device(name="CPU", kind="cpu", free_bytes=max(0, free), total_bytes=total)


def _limits(membership: Path, tree: Path) -> Iterator[tuple[int, int]]:
    """Give (limit, what is left of it) of every control group above this process."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, path = (*line.split(":", 2), "", "")[:3]
        if not kinds:
            version, top = 2, tree
        elif "memory" in kinds.split(","):
            version, top = 1, tree / "memory"
        else:
            continue
        inside = Path(path.lstrip("/"))
        # within a container the path is often that of the host, of which only the top can be seen.
        for group in dict.fromkeys(top / each for each in (inside, *inside.parents, Path())):
            if found := _read_group(group, *_FILES[version]):
                yield found


def _read_group(group: Path, limit_file: str, use_file: str, dropped: str) -> tuple[int, int] | None:
    try:
        limit = int((group / limit_file).read_text())
        used = int((group / use_file).read_text())
        counts = dict(line.split()[:2] for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        # no such group, or "max" for no limit.
        return None
    return None if limit >= _UNLIMITED else (limit, limit - used + int(counts.get(dropped, 0)))
