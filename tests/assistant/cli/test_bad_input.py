"""Whatever is wrong, kb says it in one sentence and with its exit code: through the real processes."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import Run, environment, kb, obey_file_modes, start_kb
from tests.assistant.engine.models.programs import needs_bare_machine


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """Return a short folder; whatever daemon has its home in `base/home` is stopped in the end."""
    made = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    yield made
    kb(made / "home", "indexer", "stop")
    shutil.rmtree(made, ignore_errors=True)


def failed(run: Run, code: int, said: str) -> bool:
    """Tell whether a command ended with this code, these lines and no answer; shows what differs."""
    assert (run.code, run.out, run.err) == (code, "", said)
    return True


def test_no_root(base: Path) -> None:
    """With nothing indexed a search finds nothing, and every command says what to do."""
    hint = "kb: no folder is indexed yet\n  run `kb add FOLDER`\n"
    assert failed(kb(base / "home", "search", "rent"), 1, hint)
    assert failed(kb(base / "home", "ask", "--no-model", "rent?"), 1, hint)
    assert failed(kb(base / "home", "index"), 2, hint.replace("kb: ", "kb: error: "))
    answer = kb(base / "home", "ask", "--no-model", "--json", "rent?")
    assert answer.code == 1
    assert json.loads(answer.out)["answered"] is False


def test_a_root_that_does_not_exist(base: Path) -> None:
    """A misspelt folder is named."""
    run = kb(base / "home", "add", str(base / "nowhere"))
    assert failed(run, 2, f"kb: error: {base}/nowhere does not exist\n")


def test_a_file_as_root(base: Path) -> None:
    """A file is refused with the folder to give instead."""
    (base / "one.md").write_text("x", encoding="utf-8")
    run = kb(base / "home", "add", str(base / "one.md"))
    assert failed(run, 2, f"kb: error: {base}/one.md is a file, not a folder\n  run `kb add {base}`\n")


def test_an_empty_folder(base: Path) -> None:
    """An empty folder is indexed at once."""
    (base / "empty").mkdir()
    run = kb(base / "home", "add", str(base / "empty"))
    assert (run.code, run.err) == (0, "")
    assert run.out == "0 files new or changed, 0 chunks indexed; the index holds 0 files\n"
    assert failed(kb(base / "home", "search", "--in", str(base / "empty"), "rent"), 1, "kb: nothing found\n")


def test_an_unreadable_file(base: Path) -> None:
    """The rest of the folder is indexed, and the ledger tells why this file is not."""
    # a home of its own, because the daemon must not be allowed to read it.
    home, notes = base / "strict", base / "notes"
    notes.mkdir()
    (notes / "open.md").write_text("The rent is 400 kr.\n", encoding="utf-8")
    (notes / "locked.md").write_text("secret", encoding="utf-8")
    (notes / "locked.md").chmod(0)
    try:
        run = kb(home, "add", str(notes), before=obey_file_modes)
        assert run.code == 0
        assert run.out == "2 files new or changed, 1 chunk indexed; the index holds 1 file\n"
        assert run.err.endswith("kb: 1 file could not be read\n  `kb files --state failed` lists them\n")
        listed = kb(home, "files", "--state", "failed")
        assert listed.out.startswith(f"failed\t{notes}/locked.md\tpermission denied\tsince ")
        assert "\ttry 2 in " in listed.out
    finally:
        kb(home, "indexer", "stop")


def test_a_question_of_100_000_characters(home: Home) -> None:
    """Without a model the files answer; with one that cannot read so much, nothing is cut in silence."""
    question = "How much is the rent of the cabin? " * 2_860
    answered = kb(home.path, "ask", "--no-model", question)
    assert (answered.code, answered.err) == (0, "")
    assert answered.out.startswith("The rent is 4,200 kr a month. [")
    assert kb(home.path, "search", question).code == 0
    run = kb(home.path, "ask", "--model", str(home.answering), question)
    assert failed(
        run,
        2,
        "kb: error: the question is 94,379 tokens long, and answering.gguf can read 7,104 at once\n"
        "  shorten it, or raise [model] context_tokens if the model allows more\n",
    )


def test_an_empty_question(home: Home) -> None:
    """From the command line or from a pipe, an empty question is refused."""
    said = 'kb: error: the question is empty\n  ask something, as in `kb ask "when is the rent due?"`\n'
    assert failed(kb(home.path, "ask", " "), 2, said)
    assert failed(kb(home.path, "ask", stdin="\n"), 2, said)
    assert failed(
        kb(home.path, "search", " "), 2, "kb: error: the query is empty\n  `kb search --help` explains it\n"
    )


@needs_bare_machine
def test_no_model_of_that_name(home: Home) -> None:
    """A name that no file has is an error of the model."""
    assert failed(
        kb(home.path, "ask", "--model", "nonesuch", "rent?", environ={"HOME": str(home.path)}),
        4,
        "kb: error: there is no model nonesuch on this machine, nor any other\n"
        "  give the path of a GGUF file\n",
    )
    assert failed(
        kb(home.path, "ask", "--model", "/no/such.gguf", "rent?"),
        4,
        "kb: error: there is no file /no/such.gguf\n",
    )


def test_a_model_that_is_no_gguf(home: Home) -> None:
    """What is no model is told by its first bytes."""
    run = kb(home.path, "ask", "--model", str(home.vault / "lease.md"), "rent?")
    assert failed(run, 4, "kb: error: lease.md is not a GGUF file: it begins with '# Lea'\n")


def test_a_truncated_gguf(home: Home) -> None:
    """An incomplete download is told by its size."""
    whole = home.endless.read_bytes()
    cut = home.path / "cut.gguf"
    cut.write_bytes(whole[: len(whole) // 2])
    run = kb(home.path, "ask", "--model", str(cut), "rent?")
    assert (run.code, run.out) == (4, "")
    sizes = f"{len(whole) / 2e6:.1f} MB of {len(whole) / 1e6:.1f} MB"
    assert run.err == f"kb: error: cut.gguf is cut short: {sizes} are there\n  finish the download\n"


def test_a_socket_path_too_long(base: Path) -> None:
    """The system's limit is named before anything is made."""
    home = base / ("x" * 120)
    socket = f"{home}/run/indexer.sock"
    assert failed(
        kb(home, "status"),
        2,
        f"kb: error: the socket path {socket} is {len(socket)} bytes long, and the system allows 103\n"
        "  set KB_HOME to a shorter directory\n",
    )
    assert not home.exists()


def test_a_read_only_home(base: Path) -> None:
    """A place that cannot be written to is named with its remedy."""
    locked = base / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    assert failed(
        kb(locked / "home", "status", before=obey_file_modes),
        2,
        f"kb: error: cannot make the directory {locked}/home: Permission denied\n"
        "  make it writable, or set KB_HOME to a directory that is\n",
    )
    edited = kb(locked / "home", "config", "edit", environ={"EDITOR": "true"}, before=obey_file_modes)
    assert failed(edited, 2, f"kb: error: cannot write {locked}/home/config.toml: permission denied\n")


def test_a_full_disk(base: Path) -> None:
    """Indexing stops with a sentence and exit code 3, `kb status` tells why, and the daemon still stops."""
    home, notes = base / "full", base / "many"
    notes.mkdir()
    for number in range(4000):
        (notes / f"a-rather-long-name-that-fills-the-catalog-soon-{number}.png").touch()

    def allow_small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    try:
        run = kb(home, "add", str(notes), before=allow_small_files)
        assert (run.code, run.out) == (3, "")
        last = [line for line in run.err.splitlines() if line.startswith("kb: error: ")]
        assert len(last) == 1
        assert str(home / "catalog.sqlite") in last[0]
        fault = f"fault\t{last[0].removeprefix('kb: error: ')}; tried again in "
        assert fault in kb(home, "status").out
    finally:
        assert kb(home, "indexer", "stop").code == 0


def test_two_daemons_started_at_once(base: Path) -> None:
    """Both commands find the same daemon."""
    home = base / "race"
    processes = [start_kb(home, "indexer", "start") for _ in range(2)]
    ended = [process.communicate(timeout=60) for process in processes]
    try:
        assert [process.returncode for process in processes] == [0, 0]
        assert ended[0] == ended[1]
        assert ended[0][0].startswith(b"the indexer runs, pid ")
    finally:
        kb(home, "indexer", "stop")


def test_ctrl_c_during_add(base: Path) -> None:
    """The command ends with 130 and says that indexing goes on, which it does."""
    home, notes = base / "patient", base / "letters"
    notes.mkdir()
    for number in range(40):
        (notes / f"{number}.md").write_text(f"Letter {number} is about ships.\n", encoding="utf-8")
    process = start_kb(home, "add", str(notes))
    try:
        deadline = time.monotonic() + 60
        while not json.loads(kb(home, "roots", "--json").out or "[]"):
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert out == b""
        assert err.decode() == "kb: indexing goes on in the background; kb status shows it\n"
        assert kb(home, "index").code == 0
        assert json.loads(kb(home, "status", "--json").out)["files"]["indexed"] == 40
    finally:
        kb(home, "indexer", "stop")


def test_a_closed_stderr_changes_nothing(home: Home) -> None:
    """Where nobody listens, the exit code still speaks."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "assistant", "ask", " "],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=writing,
        env=environment(home.path),
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stdout) == (2, b"")


def test_a_bad_config_is_told_before_a_daemon_is_started(base: Path) -> None:
    """The sentence names file, key and what is allowed, and nothing is left running."""
    home = base / "misled"
    home.mkdir()
    (home / "config.toml").write_text('[index]\nmax_file_mb = "a lot"\n', encoding="utf-8")
    run = kb(home, "search", "anything")
    assert run.code == 2
    assert run.err.startswith(f'kb: error: {home}/config.toml: index.max_file_mb = "a lot" is not allowed; ')
    assert run.err.endswith("\n  run `kb config edit`\n")
    assert kb(home, "indexer", "status").code == 3
