"""Tests of `kb models pull`: the real command and its process, against a hub on loopback."""

import fcntl
import hashlib
import itertools
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from assistant.cli.models.pull import Pace, amount, bar
from assistant.engine.pull.starting import pull_environment
from tests.assistant.cli.kb import Run, environment, kb, on_terminal
from tests.assistant.engine.pull.hub_server import FakeHub, model_bytes, serving, stalling
from tests.waiting import PATIENCE_S, wait_until

NAME = "acme/Robo-GGUF"
SMALL, LARGE = model_bytes(2_000_000), model_bytes(4_000_000, seed=2)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """Return a running hub with one model in two quantisations."""
    with serving(FakeHub()) as hub:
        hub.add(NAME, {"Robo-Q4_K_M.gguf": SMALL, "Robo-Q8_0.gguf": LARGE}, license="apache-2.0")
        yield hub


def pull(home: Path, hub: FakeHub, *arguments: str) -> Run:
    """Run the command to its end."""
    return kb(home, "models", "pull", *arguments, environ={"HF_ENDPOINT": hub.endpoint})


def start_pull(home: Path, hub: FakeHub, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start the command as from a shell."""
    return subprocess.Popen(
        [sys.executable, "-m", "assistant", "models", "pull", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home, {"HF_ENDPOINT": hub.endpoint}),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - takes no lock
    )


def part_of(home: Path) -> Path | None:
    """Return the file that a download has begun."""
    return next((home / "models").rglob("*.part"), None)


def has_come(home: Path, count: int) -> bool:
    """Say whether so many bytes of a download stand on the disk."""
    part = part_of(home)
    return part is not None and part.stat().st_size == count


def is_let_go(part: Path) -> bool:
    """Say whether no process downloads into a file any more."""
    with part.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_a_model_lands_in_kbs_own_folder(tmp_path: Path, hub: FakeHub) -> None:
    """The largest that fits is taken; its licence is told before, and its path is the output."""
    ended = pull(tmp_path, hub, NAME)
    file = tmp_path / "models" / NAME / "Robo-Q8_0.gguf"
    assert (ended.code, ended.out) == (0, f"{file}\n"), ended.err
    assert file.read_bytes() == LARGE
    assert f"kb: {NAME}: Q8_0, 4 MB, from 127.0.0.1:{hub.port}\n" in ended.err
    assert "kb: licence: Apache 2.0 (free)\n" in ended.err
    assert "kb models use Robo-Q8_0" in ended.err


def test_the_quantisation_can_be_named(tmp_path: Path, hub: FakeHub) -> None:
    """As an option or behind a colon."""
    assert pull(tmp_path, hub, NAME, "--quant", "q4_k_m").code == 0
    assert (tmp_path / "models" / NAME / "Robo-Q4_K_M.gguf").read_bytes() == SMALL


def test_all_parts_of_a_split_model_are_fetched(tmp_path: Path, hub: FakeHub) -> None:
    """The first is what is loaded, so its path is the output."""
    parts = {f"Q8_0/Big-Q8_0-0000{n}-of-00002.gguf": model_bytes(1000, seed=n) for n in (1, 2)}
    hub.add("acme/Big-GGUF", dict(parts))
    ended = pull(tmp_path, hub, "acme/Big-GGUF")
    assert ended.out.endswith("Big-Q8_0-00001-of-00002.gguf\n"), ended.err
    for path, data in parts.items():
        assert (tmp_path / "models" / "acme" / "Big-GGUF" / path).read_bytes() == data


def test_what_is_there_is_not_fetched_again(tmp_path: Path, hub: FakeHub) -> None:
    """Not from the storage; the hub itself is asked what there is."""
    pull(tmp_path, hub, NAME)
    before = len(hub.byte_requests())
    ended = pull(tmp_path, hub, NAME)
    assert "it is here already, in kb's own folder; nothing was downloaded" in ended.err
    assert len(hub.byte_requests()) == before


def test_what_another_program_has_is_not_fetched(tmp_path: Path, hub: FakeHub) -> None:
    """The hub's own cache names its blobs by their sha256."""
    blobs = tmp_path / "cache" / "models--other--Name" / "blobs"
    snapshot = blobs.with_name("snapshots") / "1"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    digest = hashlib.sha256(SMALL).hexdigest()
    (blobs / digest).write_bytes(SMALL)
    (snapshot / "renamed.gguf").symlink_to(blobs / digest)
    ended = kb(
        tmp_path / "home",
        *("models", "pull", f"{NAME}:Q4_K_M"),
        environ={"HF_ENDPOINT": hub.endpoint, "HF_HUB_CACHE": str(tmp_path / "cache")},
    )
    assert ended.out == f"{snapshot / 'renamed.gguf'}\n", ended.err
    assert "in the files of Hugging Face; nothing was downloaded" in ended.err
    assert hub.byte_requests() == []


def test_ctrl_c_keeps_what_has_come(tmp_path: Path, hub: FakeHub) -> None:
    """The same command goes on from there."""
    until = threading.Event()
    hub.behaviours.append(stalling(1_000_000, until))
    with start_pull(tmp_path, hub, f"{NAME}:Q8_0") as running:
        wait_until(lambda: has_come(tmp_path, 1_000_000), what="a part has come")
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=PATIENCE_S)
    until.set()
    assert running.returncode == 130
    assert b"kb: stopped; the same command goes on from here\n" in said
    assert has_come(tmp_path, 1_000_000)
    assert pull(tmp_path, hub, f"{NAME}:Q8_0").code == 0
    assert hub.byte_requests()[-1].range == "bytes=1000000-"
    assert (tmp_path / "models" / NAME / "Robo-Q8_0.gguf").read_bytes() == LARGE


def test_a_killed_command_leaves_no_process_behind(tmp_path: Path, hub: FakeHub) -> None:
    """Nothing goes on downloading that nobody sees, not even while the network is silent."""
    until = threading.Event()
    hub.behaviours.append(stalling(1_000_000, until))
    with start_pull(tmp_path, hub, f"{NAME}:Q8_0") as running:
        wait_until(lambda: has_come(tmp_path, 1_000_000), what="a part has come")
        part = part_of(tmp_path)
        assert part is not None
        assert not is_let_go(part)
        running.kill()
        running.communicate(timeout=PATIENCE_S)
    wait_until(lambda: is_let_go(part), what="the process that downloads has ended")
    until.set()
    assert pull(tmp_path, hub, f"{NAME}:Q8_0").code == 0


def test_a_killed_download_is_told_and_goes_on(tmp_path: Path, hub: FakeHub) -> None:
    """As when memory runs out: the process that downloads is gone, and the command says so."""
    until = threading.Event()
    hub.behaviours.append(stalling(1_000_000, until))
    with start_pull(tmp_path, hub, f"{NAME}:Q8_0") as running:
        wait_until(lambda: has_come(tmp_path, 1_000_000), what="a part has come")
        (child,) = _children(running.pid)
        os.kill(child, signal.SIGKILL)
        _, said = running.communicate(timeout=PATIENCE_S)
    until.set()
    assert running.returncode == 4
    assert b"the process that downloads was ended" in said
    assert pull(tmp_path, hub, f"{NAME}:Q8_0").code == 0


def test_a_wrong_hash_is_an_error(tmp_path: Path, hub: FakeHub) -> None:
    """Nothing is left that could be taken for a model."""
    hub.hashes["Robo-Q4_K_M.gguf"] = "0" * 64
    ended = pull(tmp_path, hub, f"{NAME}:Q4_K_M")
    assert (ended.code, ended.out) == (4, "")
    assert "kb: error: Robo-Q4_K_M.gguf arrived damaged" in ended.err
    assert not [file for file in (tmp_path / "models").rglob("*") if file.is_file()]


def test_a_file_that_cannot_be_written_further_is_told(tmp_path: Path, hub: FakeHub) -> None:
    """As on a full disk: what has come stays, and the same command goes on once there is room."""
    ended = kb(
        tmp_path,
        *("models", "pull", f"{NAME}:Q8_0"),
        environ={"HF_ENDPOINT": hub.endpoint},
        before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
    )
    assert (ended.code, ended.out) == (4, "")
    assert "Robo-Q8_0.gguf: file too large" in ended.err
    assert has_come(tmp_path, 1_000_000)
    assert pull(tmp_path, hub, f"{NAME}:Q8_0").code == 0
    assert hub.byte_requests()[-1].range == "bytes=1000000-"


def test_a_gated_model_says_where_to_agree(tmp_path: Path, hub: FakeHub) -> None:
    """And is fetched with a token, which the storage never sees."""
    hub.gated.add(NAME)
    ended = pull(tmp_path, hub, f"{NAME}:Q4_K_M")
    assert ended.code == 4
    assert f"kb: error: {NAME} is open only to those who agreed to its terms" in ended.err
    assert f"agree at {hub.endpoint}/{NAME}" in ended.err
    environ = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": "secret"}
    assert kb(tmp_path, "models", "pull", f"{NAME}:Q4_K_M", environ=environ).code == 0
    assert {request.token for request in hub.byte_requests()} == {""}


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("acme/Nope", 4, "there is no repository acme/Nope"),
        (f"{NAME}:Q2_K", 4, f"{NAME} holds no Q2_K; there are Q8_0"),
        (f"{NAME}/nope.gguf", 4, "there is no file nope.gguf"),
        ("robo", 2, "robo is no name of a model on the hub"),
        (" ", 2, "an empty name is no model"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(
    tmp_path: Path, hub: FakeHub, name: str, code: int, message: str
) -> None:
    """With the exit code of its kind."""
    ended = pull(tmp_path, hub, name)
    assert (ended.code, ended.out) == (code, "")
    assert f"kb: error: {message}" in ended.err


def test_settings_that_do_not_hold_are_named(tmp_path: Path, hub: FakeHub) -> None:
    """With the exit code of a wrong config, though another process read it."""
    (tmp_path / "config.toml").write_text("[model]\nnope = 1\n", encoding="utf-8")
    ended = pull(tmp_path, hub, NAME)
    assert ended.code == 2
    assert "nope" in ended.err


def test_a_terminal_gets_a_bar(tmp_path: Path, hub: FakeHub) -> None:
    """It is wiped in the end; what stays are the lines."""
    arguments = ("-m", "assistant", "models", "pull", NAME)
    shown = on_terminal(tmp_path, *arguments, environ={"HF_ENDPOINT": hub.endpoint, "TERM": "xterm"})
    assert "░░░░" in shown
    assert "of 4 MB" in shown
    assert shown.rstrip().endswith("Robo-Q8_0.gguf")


def test_only_this_process_may_reach_the_hub() -> None:
    """The switches that keep libraries off the network stand in every other environment."""
    environ = {"HF_TOKEN": "t", "https_proxy": "p", "LD_PRELOAD": "x", "HF_HUB_OFFLINE": "1", "PATH": "/bin"}
    made = pull_environment(environ)
    assert (made["HF_TOKEN"], made["https_proxy"], made["PATH"]) == ("t", "p", "/bin")
    assert "LD_PRELOAD" not in made


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """A network that has become slow is not told at its old speed."""
    moments = itertools.chain([0.0, 2.0], itertools.count(12.5, 2.0))
    pace = Pace(lambda: next(moments))
    assert pace.tell(0, 100_000_000) == ""
    assert pace.tell(40_000_000, 100_000_000) == "20 MB/s, 3 s left"
    assert pace.tell(50_500_000, 100_000_000) == "1 MB/s, 50 s left"


def test_waiting_has_no_rate() -> None:
    """Nor has what stood on the disk before."""
    moments = itertools.count(0.0, 2.0)
    pace = Pace(lambda: next(moments))
    pace.tell(0, 100)
    assert pace.tell(50, 100, is_waiting=True) == ""
    assert pace.tell(60, 100) == ""


@pytest.mark.parametrize(
    ("count", "written"), [(0, "0 kB"), (340_000_000, "340 MB"), (4_920_000_000, "4.9 GB"), (1500, "2 kB")]
)
def test_amounts_are_written_as_on_download_pages(count: int, written: str) -> None:
    """In powers of ten."""
    assert amount(count) == written


@pytest.mark.parametrize(("done", "total", "drawn"), [(0, 0, ""), (50, 100, "█" * 12 + "░" * 12 + " 50 %")])
def test_the_bar_needs_a_size(done: int, total: int, drawn: str) -> None:
    """Without one there is nothing to draw."""
    assert bar(done, total) == drawn


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children()]
