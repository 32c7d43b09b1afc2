"""`kb indexer install` and `uninstall`: what is written for each system, and who runs the daemon then."""

import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.cli.service import Service, is_in_tmp, service_of
from indexer.errors import UsageError
from indexer.paths import Places
from tests.assistant.cli.kb import Run, kb
from tests.homes import short_home

NASTY = "a b $HOME %h ü (1)"


def places_in(home: Path) -> Places:
    return Places(config_file=home / "config.toml", home=home)


def linux(home: Path, **others: object) -> Service:
    environ = {"HOME": "/home/ada"}
    return service_of(places_in(home), platform="linux", environ=environ, **others)  # type: ignore[arg-type]


def values(text: str, key: str) -> list[str]:
    """Return what a unit says of a key."""
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def test_the_unit_stands_where_systemd_looks() -> None:
    """`XDG_CONFIG_HOME` moves it."""
    home = Path("/home/ada/.local/share/kb")
    assert linux(home).file == Path("/home/ada/.config/systemd/user/kb-indexer.service")
    moved = service_of(places_in(home), platform="linux", environ={"XDG_CONFIG_HOME": "/etc/ada"})
    assert moved.file == Path("/etc/ada/systemd/user/kb-indexer.service")


def test_the_unit_runs_this_interpreter_for_this_home() -> None:
    """Neither the environment of the login nor the folder it begins in decides what is run."""
    text = linux(Path("/home/ada/kb"), python="/opt/kb/bin/python").text
    assert values(text, "ExecStart") == [
        '"/opt/kb/bin/python" "-P" "-m" "indexer" "--home=/home/ada/kb" "--config=/home/ada/kb/config.toml"'
    ]


def test_the_unit_shuts_out_the_network_and_other_places() -> None:
    """Only Unix sockets, only kb's own directory to write in, no way to more rights."""
    text = linux(Path("/home/ada/kb")).text
    assert values(text, "RestrictAddressFamilies") == ["AF_UNIX"]
    assert values(text, "ProtectSystem") == ["strict"]
    assert values(text, "ReadWritePaths") == ['"/home/ada/kb"']
    assert values(text, "PrivateTmp") == values(text, "NoNewPrivileges") == ["yes"]
    # it would hide the GPU, and this stop torch.
    assert not values(text, "PrivateDevices")
    assert not values(text, "MemoryDenyWriteExecute")


def test_the_memory_limit_grows_with_what_one_file_may_take() -> None:
    """A file within its limit never costs the service its life; one process that is ended not the others."""
    text = linux(Path("/home/ada/kb"), extract_memory_mb=3000).text
    assert values(text, "MemoryMax") == ["7096M"]
    assert values(text, "MemoryHigh") == ["6209M"]
    assert values(text, "OOMPolicy") == ["continue"]


def test_a_private_tmp_does_not_hide_what_is_to_be_read() -> None:
    """Where the home or a folder is below /tmp, it is left as it is."""
    assert not values(linux(Path("/tmp/kb")).text, "PrivateTmp")
    assert not values(linux(Path("/home/ada/kb"), uses_tmp=True).text, "PrivateTmp")
    assert is_in_tmp(Path("/tmp/notes"))
    assert not is_in_tmp(Path("/tmpfiles"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    """Also where paths hold blanks, variables and specifiers."""
    folder = tmp_path / NASTY
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    unit = tmp_path / "kb-indexer.service"
    unit.write_text(linux(folder / "home", python=str(folder / "python")).text, encoding="utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("name", ['a"b', "a'b", "a\\b", "a\nb", "a\udcffb"])
def test_a_path_that_no_unit_can_hold_is_refused(name: str) -> None:
    """One sentence instead of a unit that means something else."""
    with pytest.raises(UsageError) as caught:
        linux(Path("/home") / name)
    assert caught.value.message.endswith(" cannot be written into a service")


def test_the_agent_of_launchd_says_the_same() -> None:
    """It is read back by plistlib as it was meant, whatever the path holds."""
    home = Path("/Users/ada") / f"{NASTY} <&>"
    made = service_of(places_in(home), platform="darwin", environ={"HOME": "/Users/ada"}, python="/p/python")
    assert made.file == Path("/Users/ada/Library/LaunchAgents/kb.indexer.plist")
    agent = plistlib.loads(made.text.encode())
    assert agent["ProgramArguments"] == [
        *("/p/python", "-P", "-m", "indexer"),
        f"--home={home}",
        f"--config={home}/config.toml",
    ]
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert (agent["RunAtLoad"], agent["ProcessType"], agent["LowPriorityIO"]) == (True, "Background", True)
    assert agent["StandardErrorPath"] == f"{home}/log/indexer.log"
    assert agent["Umask"] == 0o077
    assert made.enable == (("launchctl", "bootstrap", f"gui/{os.getuid()}", str(made.file)),)


def test_a_service_knows_the_home_it_serves(tmp_path: Path) -> None:
    """What is installed for another `KB_HOME` is not started for this one."""
    for platform in ("linux", "darwin"):
        home = Path("/home/ada") / f"{NASTY} &"
        made = service_of(places_in(home), platform=platform, environ={"HOME": str(tmp_path)})
        made.write()
        assert made.serves(places_in(home))
        assert not made.serves(places_in(Path("/home/ada")))


def test_other_systems_are_told_what_to_do() -> None:
    """There `kb indexer run` is what a service runs."""
    with pytest.raises(UsageError) as caught:
        service_of(places_in(Path("/h")), platform="freebsd14")
    assert caught.value.message == "kb does not know how freebsd14 starts services"
    assert caught.value.hint == "have it run `kb indexer run` at login"


SYSTEMCTL = """\
#!/bin/sh
# stands in for a user's systemd: it runs one daemon, and writes down what it was asked.
here={here}
echo "$*" >> $here/asked
case "$*" in
*show-environment*) test -e $here/answers ;;
*is-active*) test -e $here/pid && kill -0 $(cat $here/pid) 2>/dev/null ;;
*disable*|*stop*) test ! -e $here/pid || kill $(cat $here/pid); rm -f $here/pid ;;
*restart*|*"enable --now"*|*start*)
    test ! -e $here/pid || {{ kill $(cat $here/pid); rm $here/pid; }}
    {python} -P -m indexer --home={home} > /dev/null 2>&1 < /dev/null &
    echo $! > $here/pid ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A home, and a stand-in for the systemd of its user."""

    places: Places
    systemd: Path

    @property
    def unit(self) -> Path:
        return self.systemd / "config" / "systemd" / "user" / "kb-indexer.service"

    @property
    def asked(self) -> list[str]:
        """What systemctl was asked, but for questions."""
        file = self.systemd / "asked"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if "show-env" not in line and "is-active" not in line]

    @property
    def pid(self) -> str:
        """The process that systemd started."""
        return (self.systemd / "pid").read_text().strip()

    def kb(self, *arguments: str) -> Run:
        environ = {
            "PATH": f"{self.systemd}:{os.environ['PATH']}",
            "XDG_CONFIG_HOME": str(self.systemd / "config"),
        }
        return kb(self.places.home, *arguments, environ=environ)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Return a machine whose systemd answers."""
    if not sys.platform.startswith("linux"):
        pytest.skip("systemd is Linux's")
    with short_home() as places:
        script = tmp_path / "systemctl"
        script.write_text(
            SYSTEMCTL.format(here=tmp_path, python=sys.executable, home=places.home), encoding="utf-8"
        )
        script.chmod(0o700)
        (tmp_path / "answers").touch()
        made = Machine(places, tmp_path)
        yield made
        made.kb("indexer", "stop")


def test_the_system_takes_over_from_a_daemon_that_a_command_started(machine: Machine) -> None:
    """After `install` the daemon is the system's; `start` and `restart` keep it so; a second time is fine."""
    started = machine.kb("indexer", "start").out
    installed = machine.kb("indexer", "install")
    assert (installed.code, installed.err) == (0, "")
    assert installed.out == f"wrote {machine.unit}; the indexer runs, and starts whenever you log in\n"
    running = machine.kb("indexer", "start").out
    assert running == f"the indexer runs, pid {machine.pid}\n"
    assert running != started
    again = machine.kb("indexer", "install")
    assert again.out == f"{machine.unit} is up to date, and the indexer runs; there is nothing to do\n"
    assert machine.kb("indexer", "restart").out == f"the indexer runs, pid {machine.pid}\n"
    assert machine.asked == [
        "--user daemon-reload",
        "--user enable --now kb-indexer.service",
        "--user start kb-indexer.service",
    ]


def test_an_old_unit_is_updated_and_uninstalling_undoes_it(machine: Machine) -> None:
    """The new one is obeyed at once; at the end neither unit nor daemon is left, and what is indexed is."""
    machine.kb("indexer", "install")
    machine.unit.write_text("[Service]\nExecStart=/old/python\n")
    before = machine.pid
    updated = machine.kb("indexer", "install").out
    assert updated == f"updated {machine.unit}; the indexer runs, and starts whenever you log in\n"
    assert machine.pid != before
    gone = machine.kb("indexer", "uninstall")
    assert (gone.code, gone.err) == (0, "")
    assert gone.out.startswith(f"deleted {machine.unit}; ")
    assert machine.asked[-2:] == ["--user disable --now kb-indexer.service", "--user daemon-reload"]
    assert not machine.unit.exists()
    assert machine.places.catalog_file.exists()
    again = machine.kb("indexer", "uninstall")
    assert (again.code, again.out) == (0, "")
    assert again.err == f"kb: there is no {machine.unit}, so there is nothing to undo\n"


def test_without_a_manager_the_unit_is_written_and_the_rest_is_said(machine: Machine) -> None:
    """As in a container, or over a connection without a session."""
    (machine.systemd / "answers").unlink()
    installed = machine.kb("indexer", "install")
    assert (installed.code, installed.out) == (0, f"wrote {machine.unit}\n")
    assert installed.err == (
        "kb: the system's service manager does not answer here, so the indexer was not started by it\n"
        "  once you are logged in, run `systemctl --user enable --now kb-indexer.service`\n"
    )
    assert machine.asked == []
    assert machine.kb("indexer", "uninstall").code == 0
    assert not machine.unit.exists()


def test_a_manager_that_refuses_is_quoted(machine: Machine) -> None:
    """What systemctl says is the reason."""
    script = machine.systemd / "systemctl"
    script.write_text("#!/bin/sh\ncase $2 in show-*) ;; *) echo 'Unit is masked.' >&2; exit 1 ;; esac\n")
    refused = machine.kb("indexer", "install")
    assert refused.code == 3
    assert refused.err == "kb: error: `systemctl --user daemon-reload` failed: Unit is masked.\n"
