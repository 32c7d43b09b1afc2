"""Tests of how much memory this process may take."""

from pathlib import Path

import psutil
import pytest

from assistant.engine.llama import is_gpu_build, list_devices
from assistant.engine.llama.ram import read_ram

MIB = 1024**2


def make_group(folder: Path, names: tuple[str, str], limit: str, used: int, dropped: str) -> None:
    """Write the files of one control group, in which 10 MiB are file contents."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{dropped} {10 * MIB}\n")


NEW = ("memory.max", "memory.current")
OLD = ("memory.limit_in_bytes", "memory.usage_in_bytes")


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    """Of the groups above a process the tightest one; what files occupy can be dropped."""
    (tmp_path / "cgroup").write_text("0::/one/two\n")
    make_group(tmp_path / "one", NEW, str(100 * MIB), 30 * MIB, "inactive_file")
    make_group(tmp_path / "one/two", NEW, "max", 30 * MIB, "inactive_file")
    found = read_ram(membership=tmp_path / "cgroup", tree=tmp_path)
    assert (found.free_bytes, found.total_bytes) == (80 * MIB, 100 * MIB)


def test_groups_of_the_first_version_count_too(tmp_path: Path) -> None:
    """Where the path is that of the host, the limit stands at the top of what can be seen."""
    (tmp_path / "cgroup").write_text("5:cpu,cpuacct:/x\n4:memory:/not/to/be/seen\n0::/\n")
    make_group(tmp_path / "memory", OLD, str(64 * MIB), 20 * MIB, "total_inactive_file")
    found = read_ram(membership=tmp_path / "cgroup", tree=tmp_path)
    assert (found.free_bytes, found.total_bytes) == (54 * MIB, 64 * MIB)


@pytest.mark.parametrize("groups", ["", "0::/gone\n", "4:memory:/\n", "nonsense\n"])
def test_without_a_limit_it_is_what_the_machine_has(groups: str, tmp_path: Path) -> None:
    """Also where the control groups cannot be read."""
    (tmp_path / "cgroup").write_text(groups)
    make_group(tmp_path / "memory", OLD, str((1 << 63) - 4096), 0, "total_inactive_file")
    found = read_ram(membership=tmp_path / "cgroup", tree=tmp_path)
    assert found.total_bytes == psutil.virtual_memory().total
    assert 0 < found.free_bytes < found.total_bytes
    assert read_ram(membership=tmp_path / "none", tree=tmp_path).total_bytes == found.total_bytes


def test_the_processor_is_the_last_device() -> None:
    """GPUs go before it, and only a build for GPUs lists any."""
    *gpus, processor = list_devices()
    assert processor.kind == "cpu"
    assert 0 < processor.free_bytes <= processor.total_bytes
    assert is_gpu_build() or not gpus
    assert all(device.kind != "cpu" and device.total_bytes for device in gpus)
