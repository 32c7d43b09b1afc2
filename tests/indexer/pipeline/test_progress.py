"""How far indexing is and how long it takes, told by a clock that the test turns."""

import pytest

from indexer.pipeline.progress import FILE_COST_BYTES, WINDOW_S, ProgressMeter
from indexer.types import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def look(meter: ProgressMeter, *, is_idle: bool = False) -> Progress:
    return meter.progress(current="", is_idle=is_idle)


def test_nothing_is_promised_before_there_is_anything_to_tell_from() -> None:
    """Without a finished file, and within the first second, the time left is unknown."""
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    meter.expect(100)
    assert look(meter).seconds_left is None
    clock.now += 0.5
    meter.finish(100, chunks=1)
    assert look(meter).seconds_left is None


def test_time_left_counts_bytes_and_not_files() -> None:
    """Nine small files in nine seconds say nothing good about a file as large as all of them."""
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    for _ in range(9):
        meter.expect(0)
    meter.expect(17 * FILE_COST_BYTES)
    for _ in range(9):
        clock.now += 1
        meter.finish(0, chunks=2)
    progress = look(meter)
    assert (progress.files_done, progress.files_total, progress.chunks_done) == (9, 10, 18)
    assert progress.chunks_per_s == pytest.approx(2.0)
    assert progress.seconds_left == pytest.approx(18.0)


def test_the_rate_stands_between_two_batches_and_falls_in_a_long_pause() -> None:
    """Files come in batches: the rate does not sag while the next one is embedded."""
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    for _ in range(30):
        meter.expect(0)
    clock.now += 10
    for _ in range(20):
        meter.finish(0, chunks=1)
    rate = look(meter).chunks_per_s
    assert rate == pytest.approx(2.0)
    clock.now += 5
    assert look(meter).chunks_per_s == pytest.approx(rate)
    clock.now += 10 * WINDOW_S
    assert look(meter).chunks_per_s < rate / 5


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """A slow start is forgotten."""
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    clock.now += 100
    meter.finish(0, chunks=1)
    for _ in range(40):
        clock.now += 1
        meter.finish(0, chunks=10)
    assert look(meter).chunks_per_s == pytest.approx(10.0)


def test_a_book_moves_before_it_is_finished() -> None:
    """What is embedded of a file counts at once, is not counted again at its end, and can be taken back."""
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    size = 100 * FILE_COST_BYTES
    meter.expect(size)
    for done in range(1, 6):
        clock.now += 10
        meter.advance(256, 0.1, [size])
        progress = look(meter)
        assert (progress.files_done, progress.chunks_done) == (0, 256 * done)
    assert progress.chunks_per_s == pytest.approx(25.6)
    assert progress.seconds_left == pytest.approx(50.0)
    meter.finish(size, chunks=2560)
    assert look(meter).chunks_done == 2560
    meter.advance(7, 0.5, [size])
    meter.fall_back()
    assert look(meter).chunks_done == 2560


def test_a_new_stretch_of_work_starts_at_nothing() -> None:
    """Counts are those of the present work; an idle meter has no time left."""
    meter = ProgressMeter(clock=Clock())
    meter.expect(5)
    meter.finish(5, chunks=3)
    assert look(meter, is_idle=True).seconds_left == 0
    meter.restart()
    progress = look(meter)
    assert (progress.files_done, progress.files_total, progress.chunks_done) == (0, 0, 0)
