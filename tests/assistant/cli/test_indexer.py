"""`kb indexer` and `kb engine`: the resident processes."""

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import environment, kb, start_kb


@pytest.fixture
def own() -> Iterator[Path]:
    """Return a short home in which nothing runs yet."""
    base = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    yield base
    kb(base, "indexer", "stop")
    shutil.rmtree(base, ignore_errors=True)


def test_the_indexer_starts_restarts_and_stops(own: Path) -> None:
    """Each command does what it says and names the process."""
    absent = kb(own, "indexer", "status")
    assert (absent.code, absent.out) == (3, "")
    assert absent.err == "kb: error: the indexer is not running\n  run `kb indexer start`\n"
    started = kb(own, "indexer", "start").out
    assert started.startswith("the indexer runs, pid ")
    assert kb(own, "indexer", "start").out == started
    assert kb(own, "indexer", "status").out.startswith(started.strip())
    restarted = kb(own, "indexer", "restart").out
    assert restarted.startswith("the indexer runs, pid ")
    assert restarted != started
    assert kb(own, "indexer", "logs", "-n", "5").out.count("\n") in range(1, 6)
    stopped = kb(own, "indexer", "stop")
    assert (stopped.code, stopped.out) == (0, "the indexer has stopped\n")
    again = kb(own, "indexer", "stop")
    assert (again.code, again.out, again.err) == (0, "", "kb: the indexer is not running\n")


def test_logs_before_the_first_start(own: Path) -> None:
    """No log yet is nothing found."""
    run = kb(own, "indexer", "logs")
    assert (run.code, run.err) == (1, f"kb: there is no log yet at {own}/log/indexer.log\n")


def test_logs_are_followed_until_the_person_leaves(own: Path) -> None:
    """`-f` waits for a log that does not exist yet, shows what comes, and ends as `tail -f` does."""
    with start_kb(own, "indexer", "logs", "-f", "-n", "0") as following:
        assert following.stderr is not None
        assert following.stdout is not None
        assert following.stderr.readline().startswith(b"kb: there is no log yet at ")
        kb(own, "indexer", "start")
        line = following.stdout.readline()
        assert b" INFO pid=" in line
        assert b" started home=" in line
        following.send_signal(signal.SIGINT)
        assert following.wait(60) == 130
        assert following.stderr.read() == b""


def test_indexing_is_paused_and_goes_on(own: Path) -> None:
    """The daemon knows of it, and the person reads until when."""
    paused = kb(own, "indexer", "pause")
    assert paused.out == "indexing is paused until `kb indexer resume`; searches go on\n"
    assert json.loads(kb(own, "status", "--json").out)["paused_until"] == "resume"
    for_a_while = kb(own, "indexer", "pause", "--for", "1h")
    assert re.fullmatch(
        r"indexing is paused until (\d{4}-\d\d-\d\d )?\d\d:\d\d; searches go on\n", for_a_while.out
    )
    assert kb(own, "indexer", "resume").out == "indexing goes on\n"
    assert json.loads(kb(own, "status", "--json").out)["paused_until"] is None


def test_a_duration_that_is_none_is_refused_before_anything_starts(own: Path) -> None:
    """Exit code 2, with examples."""
    run = kb(own, "indexer", "pause", "--for", "soon")
    assert (run.code, run.err) == (
        2,
        "kb: error: 'soon' is no duration\n  write it as 90s, 30m, 1h, 2h30m or 1d\n",
    )
    assert not (own / "run").exists()


def test_a_module_of_the_present_folder_is_not_run_for_ours(own: Path, tmp_path: Path) -> None:
    """`kb indexer run` stands in whatever folder a person works in."""
    (tmp_path / "indexer.py").write_text("raise SystemExit(77)\n", encoding="utf-8")
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; del sys.path[0]; from assistant.cli import main; main(['indexer', 'run'])",
        ],
        cwd=tmp_path,
        env=environment(own),
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stderr is not None
        assert b" started home=" in running.stderr.readline()
        running.terminate()
        running.communicate(timeout=60)
        assert running.returncode == 0


def test_the_engine_tells_what_it_holds(home: Home) -> None:
    """After a question it names its model; stopped, it exits with 4."""
    kb(home.path, "ask", "--model", str(home.answering), "rent")
    rows = dict(line.split("\t", 1) for line in kb(home.path, "engine", "status").out.splitlines())
    assert rows["model"] == str(home.answering)
    assert rows["engine"].startswith("ready, pid ")
    assert kb(home.path, "engine", "stop").out == "the engine has stopped\n"
    absent = kb(home.path, "engine", "status", "--json")
    assert (absent.code, absent.out, absent.err) == (4, "", "kb: error: no engine is running\n")
    assert kb(home.path, "engine", "stop").out == "the engine is not running\n"
