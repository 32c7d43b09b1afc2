"""Tests of finding GPUs, and of saying how they would be used."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.cli.doctor.findings import Finding
from assistant.cli.doctor.graphics import Card, build_backends, build_command, find_cards, judge
from assistant.engine.types import Device

RAM = Device(name="CPU", kind="cpu", free_bytes=8 * 10**9, total_bytes=16 * 10**9)
GPU = Device(name="RTX 3060", kind="gpu", free_bytes=11 * 10**9, total_bytes=12 * 10**9)
CUDA = frozenset({"cuda"})


def look(
    devices: Sequence[Device], *cards: Card, backends: frozenset[str] = frozenset(), has_tools: bool = True
) -> list[Finding]:
    """Judge what a machine has, and what llama.cpp sees of it."""
    return list(judge(devices, cards, backends, has_tool=lambda _: has_tools))


def said(found: Sequence[Finding]) -> list[tuple[str, str, str]]:
    """What is said in each finding, and how bad it is."""
    return [(each.verdict, each.topic, each.said) for each in found]


def add_pci(folder: Path, name: str, kind: str, vendor: str) -> None:
    """Show a device as Linux does."""
    (folder / name).mkdir()
    (folder / name / "class").write_text(f"{kind}\n")
    (folder / name / "vendor").write_text(f"{vendor}\n")


def test_free_memory_is_said_of_every_device() -> None:
    """Of the card and of the computer."""
    assert said(look([GPU, RAM], Card("NVIDIA", "RTX 3060"), backends=CUDA)) == [
        ("ok", "GPU", "RTX 3060, 11.0 GB of 12.0 GB free"),
        ("ok", "memory", "8.0 GB of 16.0 GB free"),
    ]


def test_a_card_that_is_not_used_is_named_with_the_command_that_changes_that() -> None:
    """A build for the processor alone is the usual one, and says nothing by itself."""
    found = look([RAM], Card("NVIDIA", "RTX 3060"))[-1]
    assert found.verdict == "warning"
    assert found.said == "RTX 3060 is not used: this build of llama-cpp-python has no GPU support"
    assert found.hint.startswith("`CMAKE_ARGS=-DGGML_CUDA=on ")
    assert "llama-cpp-python==" in found.hint


def test_what_a_build_needs_is_said_before_it_fails() -> None:
    """Without the toolkit the command would end after minutes."""
    found = look([RAM], Card("AMD", "an AMD GPU"), has_tools=False)[-1]
    assert found.hint.startswith("install ROCm (hipcc is not found), then run `CMAKE_ARGS=-DGGML_HIP=on ")


def test_a_gpu_build_that_finds_no_gpu_points_at_the_driver() -> None:
    """Whether or not the system tells of a card."""
    found = look([RAM], backends=CUDA)[-1]
    assert (found.verdict, found.hint) == ("warning", "look whether the driver works: `nvidia-smi`")


def test_a_machine_without_a_card_is_fine() -> None:
    """Nobody is told to build for what is not there, nor for what would be no faster."""
    for cards in ([], [Card("Intel", "an Intel GPU")]):
        assert said(look([RAM], *cards))[-1] == (
            "ok",
            "GPU",
            "none found; models are computed on the processor",
        )


@pytest.mark.parametrize("vendor", ["NVIDIA", "AMD", "Intel", "Apple"])
def test_there_is_a_command_for_every_maker(vendor: str) -> None:
    """Each names an option of ggml."""
    assert "CMAKE_ARGS=-DGGML_" in build_command(vendor, has_tool=lambda _: True)


def test_cards_are_found_by_the_driver_or_by_the_bus(tmp_path: Path) -> None:
    """The driver knows their names; the bus shows them without a driver too, beside what is none."""
    add_pci(tmp_path, "0000:01:00.0", "0x030000", "0x10de")
    add_pci(tmp_path, "0000:02:00.0", "0x030200", "0x1002")
    add_pci(tmp_path, "0000:03:00.0", "0x020000", "0x8086")
    (tmp_path / "broken").mkdir()
    by_bus = find_cards(system="linux", pci=tmp_path, run=lambda _: "")
    assert [card.vendor for card in by_bus] == ["NVIDIA", "AMD"]
    by_driver = find_cards(system="linux", pci=tmp_path, run=lambda _: "RTX 3060\nRTX 3060\n")
    assert [card.name for card in by_driver] == ["RTX 3060", "RTX 3060", "an AMD GPU"]


def test_a_mac_has_its_own_gpu(tmp_path: Path) -> None:
    """Those with a processor of Apple's."""
    assert find_cards(system="darwin", machine="arm64", pci=tmp_path) == [Card("Apple", "the Apple GPU")]
    assert find_cards(system="darwin", machine="x86_64", pci=tmp_path) == []


def test_a_build_is_known_by_its_libraries(tmp_path: Path) -> None:
    """Without importing it, which would load them."""
    (tmp_path / "lib").mkdir()
    for name in ("libggml.so", "libggml-base.so.0", "libggml-cpu.so", "libllama.so"):
        (tmp_path / "lib" / name).touch()
    assert build_backends(tmp_path) == frozenset()
    (tmp_path / "lib" / "libggml-cuda.so").touch()
    (tmp_path / "lib" / "libggml-vulkan.dylib").touch()
    assert build_backends(tmp_path) == {"cuda", "vulkan"}
