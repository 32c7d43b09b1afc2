"""Having the system start the indexer: a systemd user unit, or an agent of launchd.

What is written is pure text; `Service` holds it with the commands around it.
Whoever starts the daemon first has it: a lock in kb's directory lets only one
run, so neither a command that finds none nor the system can start a second.
"""

import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from indexer.errors import DaemonError, UsageError
from indexer.paths import Places

UNIT = "kb-indexer.service"
LABEL = "kb.indexer"

BASE_MEMORY_MB = 4096
"""Memory beside the process that reads files: parent, embedding model and store, while two are in use."""

COMMAND_S = 30.0

_UNIT_TEXT = """\
# Written by `kb indexer install`; `systemctl --user edit {unit}` changes single lines of it.
[Unit]
Description=kb indexer, which keeps the index of your files up to date
StartLimitIntervalSec=600
StartLimitBurst=5

[Service]
Type=exec
ExecStart={command}
WorkingDirectory=-{work_dir}
StandardOutput=null
StandardError=append:{log_file}

# Started again after a crash; not where the config is wrong (2), another one runs or the index fails (3).
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2 3
# It takes 8 s at most to end; its children it ends itself.
KillMode=mixed
TimeoutStopSec=20

# Whatever else runs goes first.
Nice=5
IOSchedulingClass=best-effort
IOSchedulingPriority=7

# {extract_memory_mb} MB for the file that is being read, and {base_memory_mb} MB for all else.
# Past the first limit memory is taken back, past the second a process is ended, which the indexer
# then starts again.
# A large embedding model of your own may need more.
MemoryHigh={memory_high_mb}M
MemoryMax={memory_max_mb}M
OOMPolicy=continue

# No network, no other place to write than kb's own.
RestrictAddressFamilies=AF_UNIX
ProtectSystem=strict
ReadWritePaths={home}
{private_tmp}
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
SystemCallArchitectures=native
UMask=0077
# Not here: PrivateDevices, which hides the GPU, and MemoryDenyWriteExecute, which stops torch.

[Install]
WantedBy=default.target
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one system is told to start the indexer."""

    file: Path
    """What tells it."""

    text: str
    """What stands in the file."""

    probe: tuple[str, ...]
    """A command that succeeds where the system's manager answers."""

    is_active: tuple[str, ...]
    """A command that succeeds while the manager runs the indexer."""

    enable: tuple[tuple[str, ...], ...]
    """Commands that have it started now and at each login."""

    start: tuple[tuple[str, ...], ...]
    """Commands that start it again after it was asked to end."""

    restart: tuple[tuple[str, ...], ...]
    """Commands that have a changed file obeyed."""

    disable: tuple[tuple[str, ...], ...]
    """Commands that end it, for good."""

    forget: tuple[tuple[str, ...], ...] = ()
    """Commands after the file is deleted."""

    is_kept_when_stopped: bool = False
    """Whether the manager remembers it while it does not run, so that `disable` is needed then too."""

    def is_written(self) -> bool:
        """Tell whether the file is there as it is to be."""
        return self._found() == self.text

    def is_installed(self) -> bool:
        """Tell whether there is a file, however old."""
        return bool(self._found())

    def write(self) -> None:
        """Write the file.

        Raises:
            UsageError: If it cannot be written.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            part = self.file.with_name(f"{self.file.name}.part")
            part.write_text(self.text, encoding="utf-8")
            part.replace(self.file)
        except OSError as error:
            raise UsageError(f"cannot write {self.file}: {(error.strerror or str(error)).lower()}") from error

    def delete(self) -> None:
        """Delete the file.

        Raises:
            UsageError: If it cannot be deleted.
        """
        try:
            self.file.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot delete {self.file}: {(error.strerror or str(error)).lower()}"
            ) from error

    def serves(self, places: Places) -> bool:
        """Tell whether what is installed is for this home, and not for another one."""
        home = f"--home={places.home}"
        found = self._found()
        return any(each in found for each in (f'"{_argument(home)}"', f"<string>{escape(home)}</string>"))

    def answers(self) -> bool:
        """Tell whether the system's manager is there to be talked to."""
        return shutil.which(self.probe[0]) is not None and _succeeds(self.probe)

    def is_running(self) -> bool:
        """Tell whether the manager runs the indexer."""
        return _succeeds(self.is_active)

    def _found(self) -> str:
        try:
            return self.file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


def service_of(
    places: Places,
    *,
    platform: str = sys.platform,
    environ: Mapping[str, str] | None = None,
    python: str = sys.executable,
    extract_memory_mb: int = 2048,
    uses_tmp: bool = False,
) -> Service:
    """Return how this system is told.

    Args:
        places: The home that is to be served.
        platform: As `sys.platform`.
        environ: Stands for `os.environ`.
        python: The interpreter that kb is installed for.
        extract_memory_mb: What one file may take to be read.
        uses_tmp: Whether a folder below /tmp is to be read.

    Raises:
        UsageError: If the system has no way to do so that we know, or a path that it does not accept.
    """
    environ = os.environ if environ is None else environ
    command = [python, "-P", "-m", "indexer", f"--home={places.home}", f"--config={places.config_file}"]
    for part in (*command, str(places.work_dir)):
        if not part.isprintable() or set(part) & {'"', "'", "\\"}:
            raise UsageError(
                f"{part!r} cannot be written into a service", hint="use a path of plain characters"
            )
    user_home = Path(environ.get("HOME") or Path.home())
    if platform == "darwin":
        return _launchd(places, command, user_home)
    if platform.startswith("linux"):
        config = Path(environ.get("XDG_CONFIG_HOME") or user_home / ".config")
        text = unit_text(places, command, extract_memory_mb=extract_memory_mb, uses_tmp=uses_tmp)
        return _systemd(config / "systemd" / "user" / UNIT, text)
    raise UsageError(
        f"kb does not know how {platform} starts services", hint="have it run `kb indexer run` at login"
    )


def installed_for(places: Places) -> Service | None:
    """Return what is installed for a home; `None` where nothing is, as on systems that we do not know."""
    try:
        made = service_of(places)
    except UsageError:
        return None
    return made if made.serves(places) else None


def unit_text(places: Places, command: list[str], *, extract_memory_mb: int, uses_tmp: bool) -> str:
    """Write the unit; every path in it is quoted as its own place wants it."""
    memory_max_mb = BASE_MEMORY_MB + extract_memory_mb
    is_shared = uses_tmp or is_in_tmp(places.home)
    return _UNIT_TEXT.format(
        unit=UNIT,
        # the program's own path is not searched for variables.
        command=" ".join([f'"{_escaped(command[0])}"', *(f'"{_argument(part)}"' for part in command[1:])]),
        work_dir=_escaped(places.work_dir),
        log_file=_escaped(places.log_dir / "indexer.log"),
        home=f'"{_escaped(places.home)}"',
        extract_memory_mb=extract_memory_mb,
        base_memory_mb=BASE_MEMORY_MB,
        memory_max_mb=memory_max_mb,
        memory_high_mb=memory_max_mb * 7 // 8,
        private_tmp=(
            "# Folders below /tmp are read, so it is not made private." if is_shared else "PrivateTmp=yes"
        ),
    )


def launchd_text(places: Places, command: list[str]) -> str:
    """Write the property list of the agent."""
    log_file = str(places.log_dir / "indexer.log")
    agent = {
        "Label": LABEL,
        "ProgramArguments": command,
        "WorkingDirectory": str(places.home),
        "RunAtLoad": True,
        # not after it was asked to end.
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 60,
        "ExitTimeOut": 20,
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "Nice": 5,
        "Umask": 0o077,
        "StandardOutPath": "/dev/null",
        "StandardErrorPath": log_file,
    }
    return plistlib.dumps(agent, sort_keys=False).decode()


def carry_out(commands: tuple[tuple[str, ...], ...]) -> None:
    """Run commands one after the other.

    Raises:
        DaemonError: If one of them fails, with what it said.
    """
    for command in commands:
        ended = _run(command)
        if ended is None or ended.returncode:
            said = ((ended.stderr or ended.stdout) if ended else "").strip().splitlines()
            reason = f": {said[-1]}" if said else ""
            raise DaemonError(f"`{' '.join(command)}` failed{reason}")


def _systemd(file: Path, text: str) -> Service:
    ask = ("systemctl", "--user")
    return Service(
        file=file,
        text=text,
        probe=(*ask, "show-environment"),
        is_active=(*ask, "is-active", UNIT),
        enable=((*ask, "daemon-reload"), (*ask, "enable", "--now", UNIT)),
        start=((*ask, "start", UNIT),),
        restart=(
            (*ask, "daemon-reload"),
            (*ask, "enable", UNIT),
            (*ask, "restart", UNIT),
        ),
        disable=((*ask, "disable", "--now", UNIT),),
        is_kept_when_stopped=True,
        forget=((*ask, "daemon-reload"),),
    )


def _launchd(places: Places, command: list[str], user_home: Path) -> Service:
    file = user_home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    domain = f"gui/{os.getuid()}"
    enable = (("launchctl", "bootstrap", domain, str(file)),)
    disable = (("launchctl", "bootout", f"{domain}/{LABEL}"),)
    return Service(
        file=file,
        text=launchd_text(places, command),
        probe=("launchctl", "print", domain),
        is_active=("launchctl", "print", f"{domain}/{LABEL}"),
        enable=enable,
        start=(("launchctl", "kickstart", f"{domain}/{LABEL}"),),
        restart=(*disable, *enable),
        disable=disable,
    )


def is_in_tmp(path: Path) -> bool:
    """Tell whether a path is in a place that a service may have to itself."""
    return any(path.is_relative_to(tmp) for tmp in ("/tmp", "/var/tmp"))


def _escaped(text: str | Path) -> str:
    """Write what is no specifier of systemd as it stands."""
    return str(text).replace("%", "%%")


def _argument(text: str) -> str:
    """Write an argument of a program, in which no variable is to be looked for either."""
    return _escaped(text).replace("$", "$$")


def _succeeds(command: tuple[str, ...]) -> bool:
    ended = _run(command)
    return ended is not None and ended.returncode == 0


def _run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
