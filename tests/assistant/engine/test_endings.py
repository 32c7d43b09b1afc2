"""Tests of what is known of an engine's end."""

import os
from pathlib import Path

import pytest

from assistant.engine.client.connection import end_process
from assistant.engine.client.endings import find_ending, memory_kills, memory_watch

STARTED = "2026-01-01T00:00:00.000+00:00 INFO pid={pid} engine.started model=m.gguf\n"
SAID = '2026-01-01T00:00:00.000+00:00 ERROR pid=7 llama_cpp said="{line}"\n'


def write_log(file: Path, *lines: str) -> Path:
    """Write a log of an earlier engine and of number 7."""
    file.write_text(
        STARTED.format(pid=6) + "Fatal Python error: Aborted\n" + STARTED.format(pid=7) + "".join(lines)
    )
    return file


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["Fatal Python error: Segmentation fault\n"], "Segmentation fault"),
        (
            ["x.cpp:3: GGML_ASSERT(a > 0) failed\n", "Fatal Python error: Aborted\n"],
            "GGML_ASSERT(a > 0) failed",
        ),
        (
            [
                SAID.format(line="CUDA error: out of memory"),
                "x.cu:98: CUDA error\n",
                "Fatal Python error: Aborted\n",
            ],
            "the GPU has no memory left, which other programs may have taken",
        ),
        (
            [SAID.format(line="CUDA error: an illegal memory access"), "Fatal Python error: Aborted\n"],
            "CUDA error: an illegal memory access",
        ),
        (
            [
                "terminate called after throwing an instance of 'std::bad_alloc'\n",
                "Fatal Python error: Aborted\n",
            ],
            "there was no memory left",
        ),
        ([], "it was killed from outside"),
    ],
)
def test_the_last_words_are_the_reason(tmp_path: Path, lines: list[str], reason: str) -> None:
    """The cause goes before its consequences, and what an earlier engine said counts for nothing."""
    ending = find_ending(write_log(tmp_path / "engine.log", *lines), 7)
    assert ending.reason == reason
    assert ending.after("it ended") == f"it ended: {reason}"
    assert not ending.is_orderly


def test_who_left_in_order_has_no_reason(tmp_path: Path) -> None:
    """Being idle is no failure."""
    left = "2026-01-01T00:00:00.000+00:00 INFO pid=7 engine.left\n"
    ending = find_ending(write_log(tmp_path / "engine.log", left), 7)
    assert (ending.is_orderly, ending.reason) == (True, "")


def test_what_was_got_over_while_loading_is_no_reason(tmp_path: Path) -> None:
    """A plan that did not fit, and the smaller one that did."""
    lines = [
        SAID.format(line="ggml_backend_cuda_buffer_type_alloc_buffer: cudaMalloc failed: out of memory"),
        "2026-01-01T00:00:00.000+00:00 INFO pid=7 model.ready load_s=1.00\n",
    ]
    assert find_ending(write_log(tmp_path / "engine.log", *lines), 7).reason == "it was killed from outside"
    early = find_ending(write_log(tmp_path / "engine.log", lines[0]), 7).reason
    assert early == "the GPU has no memory left, which other programs may have taken"


def test_without_a_word_the_system_may_know(tmp_path: Path) -> None:
    """Where it ran out of memory meanwhile, that is the reason, and what to do about it is said."""
    log = write_log(tmp_path / "engine.log")
    ending = find_ending(log, 7, was_memory_short=True)
    assert ending.reason == "the system killed it because memory ran out"
    assert "smaller model" in ending.hint


def test_of_an_engine_the_log_does_not_name_nothing_is_known(tmp_path: Path) -> None:
    """Nothing is made up."""
    log = write_log(tmp_path / "engine.log")
    assert find_ending(log, 8).after("it ended") == "it ended"
    assert find_ending(tmp_path / "absent.log", 7).after("it ended") == "it ended"
    assert find_ending(log, 0).reason == "it was killed from outside"


def test_what_the_system_killed_is_counted(tmp_path: Path) -> None:
    """By the system's own count, from a moment on."""
    stat = tmp_path / "vmstat"
    stat.write_text("pgfault 5\noom_kill 2\n")
    was_short = memory_watch(lambda: memory_kills(stat))
    assert not was_short()
    stat.write_text("pgfault 9\noom_kill 3\n")
    assert was_short()
    assert memory_kills(tmp_path / "absent") == 0


def test_nobody_ends_itself() -> None:
    """Who answers for an engine in our own process, or nobody, is not killed for being silent."""
    assert not end_process(os.getpid())
    assert not end_process(0)
