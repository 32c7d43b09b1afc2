"""Logs: lines that say what happened and nothing of what was read, in files of bounded size."""

import ast
import json
import logging
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.logs import LineFormatter, RotatingLog, follow, is_event, last_lines, put_aside

ROOT = Path(__file__).resolve().parent.parent.parent
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
LINE = re.compile(r"(\S+) ([A-Z]+) pid=(\d+) ([a-z_.]+)((?: [a-z_]+=(?:\"(?:[^\"\\]|\\.)*\"|[^\s\"]+))*)")


def record(template: str, *values: object, name: str = "indexer.test") -> logging.LogRecord:
    return logging.LogRecord(name, logging.INFO, "/a/place.py", 7, template, values, None)


def pairs(line: str) -> dict[str, str]:
    """Read the keys and values of a line back."""
    match = LINE.fullmatch(line)
    assert match, line
    found = re.findall(r" ([a-z_]+)=(\"(?:[^\"\\]|\\.)*\"|[^\s\"]+)", match[5])
    return {key: json.loads(value) if value.startswith('"') else value for key, value in found}


def test_a_line_names_time_level_process_event_and_values() -> None:
    """Time has a zone; values are quoted only where they need it."""
    line = LineFormatter().format(record("root_swept path=%r files=%d took_s=%.1f", "/a b", 3, 0.25))
    at, level, pid, rest = line.split(" ", 3)
    assert datetime.fromisoformat(at).utcoffset() is not None
    assert (level, pid) == ("INFO", f"pid={os.getpid()}")
    assert rest == 'root_swept path="/a b" files=3 took_s=0.2'


@given(value=st.text())
def test_any_value_stays_on_its_line_and_can_be_read_back(value: str) -> None:
    """Newlines, quotes, separators of lines and surrogates neither break a line nor are lost."""
    line = LineFormatter().format(record("file_failed path=%s reason=%s", value, "x"))
    assert len(line.splitlines()) == 1
    assert line.encode("utf-8")
    assert pairs(line) == {"path": value, "reason": "x"}


def test_an_exception_is_told_without_its_message() -> None:
    """Kind and place are enough to find a bug; the message may quote a document."""
    try:
        json.loads("the text of a document")
    except ValueError as error:
        failed = logging.LogRecord(
            "indexer.test", logging.ERROR, "/a/place.py", 7, "work_failed", (), (type(error), error, None)
        )
        failed.exc_info = (type(error), error, error.__traceback__)
    line = LineFormatter().format(failed)
    assert "text" not in line
    assert pairs(line)["kind"] == "JSONDecodeError"
    assert "json/decoder.py:" in pairs(line)["at"]


def test_what_a_library_fills_in_is_not_written() -> None:
    """Of a library's line stand its name, its place, and its template where it has one."""
    filled = LineFormatter().format(record("cannot read %s", "a secret", name="chromadb.api"))
    assert pairs(filled) == {"logger": "chromadb.api", "at": "place:7", "template": "cannot read %s"}
    made = LineFormatter().format(record("cannot read a secret", name="chromadb.api"))
    assert pairs(made)["template"] == "unknown"


def calls() -> Iterator[tuple[str, str]]:
    """Yield (place, template) of every call of a logger in kb."""
    for file in sorted([*(ROOT / "indexer").rglob("*.py"), *(ROOT / "assistant").rglob("*.py")]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "logger"
            ):
                template = node.args[1] if node.func.attr == "log" else node.args[0]
                assert isinstance(template, ast.Constant), f"{file}:{node.lineno}"
                yield f"{file.relative_to(ROOT)}:{node.lineno}", str(template.value)


def test_every_event_of_kb_has_a_name_and_keys() -> None:
    """No call of a logger writes prose."""
    found = dict(calls())
    assert len(found) > 30
    assert [place for place, template in found.items() if not is_event(template)] == []


def write(log: RotatingLog, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        log.emit(record("counted number=%d", number))


def numbers(text: str) -> list[int]:
    return [int(each) for each in re.findall(r"number=(\d+)\n", text)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RotatingLog]:
    """Return a log that is put aside at 1,000 bytes, two of them kept."""
    made = RotatingLog(tmp_path / "a.log", max_bytes=1000, kept=2)
    made.setFormatter(LineFormatter())
    yield made
    made.close()


def test_logs_are_bounded_in_size_and_number(log: RotatingLog, tmp_path: Path) -> None:
    """However much is written, the newest lines stand in the log and in two files beside it."""
    write(log, 200)
    kept = [tmp_path / "a.log.2", tmp_path / "a.log.1", tmp_path / "a.log"]
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    assert all(file.stat().st_size <= 1000 for file in kept)
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}
    found = numbers("".join(file.read_text() for file in kept))
    assert found == list(range(found[0], 200))


def test_what_a_child_appends_follows_the_rotation(log: RotatingLog, tmp_path: Path) -> None:
    """A child that has the log open since before goes on writing into the present one."""
    with (tmp_path / "a.log").open("ab") as shared:
        child = subprocess.Popen(
            [sys.executable, "-c", "input(); import os; os.write(2, b'native words\\n')"],
            stdin=subprocess.PIPE,
            stderr=shared,
        )
    write(log, 30)
    child.communicate(b"go\n", timeout=30)
    assert (tmp_path / "a.log").read_bytes().endswith(b"native words\n")


def test_a_log_that_was_deleted_is_made_again(log: RotatingLog, tmp_path: Path) -> None:
    """A person may delete or move the log of a running daemon."""
    write(log, 1)
    (tmp_path / "a.log").unlink()
    write(log, 1, start=1)
    assert numbers((tmp_path / "a.log").read_text()) == [1]


def test_a_log_without_room_for_a_copy_goes_on(log: RotatingLog, tmp_path: Path) -> None:
    """Where nothing can be put aside, no line is lost for it."""
    (tmp_path / "a.log.part").mkdir()
    write(log, 30)
    assert numbers((tmp_path / "a.log").read_text()) == list(range(30))


def test_last_lines_reach_back_into_what_was_put_aside(log: RotatingLog, tmp_path: Path) -> None:
    """Just after a rotation the log is short, and the lines before it are still shown."""
    write(log, 30)
    assert numbers("\n".join([*last_lines(tmp_path / "a.log", 20), ""])) == list(range(10, 30))
    assert put_aside(tmp_path / "a.log", 1).exists()


def test_whoever_follows_misses_nothing_through_rotations(log: RotatingLog, tmp_path: Path) -> None:
    """Every line arrives once and in order, from a log that did not exist in the beginning."""
    file = tmp_path / "later.log"
    later: list[RotatingLog] = []
    bursts = iter([0, 5, 3, 9, 0, 12, 1, 4])
    written = 0

    def pause() -> None:
        nonlocal written
        if not later:
            later.append(RotatingLog(file, max_bytes=1500, kept=2))
            later[0].setFormatter(LineFormatter())
        count = next(bursts, None)
        if count is None:
            raise KeyboardInterrupt
        write(later[0], count, start=written)
        written += count

    followed = follow(file, pause=pause)
    seen = [next(followed) for _ in range(34)]
    with pytest.raises(KeyboardInterrupt):
        next(followed)
    assert numbers("\n".join([*seen, ""])) == list(range(34))
    assert put_aside(file, 1).exists()
    later[0].close()


def test_whoever_follows_begins_at_the_end(tmp_path: Path) -> None:
    """Only what is added is shown, also after somebody emptied the log."""
    file = tmp_path / "a.log"
    file.write_text("old and rather long\n", encoding="utf-8")
    texts = iter(["new\n", "new\nnewer\n"])
    followed = follow(file, pause=lambda: file.write_text(next(texts), encoding="utf-8"))
    assert [next(followed), next(followed)] == ["new", "newer"]
