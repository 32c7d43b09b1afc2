"""Python, settings, index and network."""

import importlib.metadata
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from assistant.cli.doctor.findings import Finding, ok, problem, warning
from assistant.config import Settings
from indexer.client import connect
from indexer.config import load_settings
from indexer.errors import ConfigError, DaemonError, KbError
from indexer.paths import Places

_SHOWN = ("kb", "llama-cpp-python", "sentence-transformers", "torch", "chromadb")
"""Packages whose version people are asked for."""

_ENOUGH_DISK_BYTES = 1 << 30


def look_at_python(
    version_of: Callable[[str], str] = importlib.metadata.version,
    requires: Callable[[str], Sequence[str] | None] = importlib.metadata.requires,
) -> Iterator[Finding]:
    """Name the interpreter and the packages, and those that are missing or of the wrong version."""
    yield ok("Python", f"{platform.python_version()}, {sys.executable}")
    shown, troubles = [], []
    for name, wanted in (("kb", ""), *_requirements(requires("kb") or ())):
        try:
            version = version_of(name)
        except importlib.metadata.PackageNotFoundError:
            troubles.append(f"{name} is not installed")
            continue
        if wanted and version != wanted:
            troubles.append(f"{name} is {version}, and kb is made for {wanted}")
        if name in _SHOWN:
            shown.append(f"{name} {version}")
    yield ok("packages", ", ".join(sorted(shown, key=lambda each: _SHOWN.index(each.split()[0]))))
    for trouble in troubles:
        yield problem(
            "packages", KbError(trouble, hint="install kb again: `pip install --force-reinstall kb`")
        )


def look_at_settings(places: Places) -> Iterator[Finding]:
    """Say whether the config file holds, and whether there is room where kb keeps its things."""
    file = places.config_file
    try:
        load_settings(file, Settings)
    except ConfigError as error:
        yield problem("settings", error)
    else:
        yield ok("settings", str(file) if file.exists() else f"{file} does not exist; every default holds")
    home = next(each for each in (places.home, *places.home.parents) if each.exists())
    free = shutil.disk_usage(home).free
    said = f"{places.home}, {free / 1e9:,.1f} GB free"
    if free < _ENOUGH_DISK_BYTES:
        yield warning("home", said, "make room on that disk; the index stops growing when it is full")
    else:
        yield ok("home", said)


def look_at_index(places: Places) -> Iterator[Finding]:
    """Say what the indexer says of itself, without starting one."""
    try:
        said = connect(places, start=False).status()
    except DaemonError as error:
        if error.hint != "run `kb indexer start`":
            yield problem("index", error)
        elif places.catalog_file.exists():
            yield ok("index", "the indexer is not running; the next search starts it")
        else:
            yield warning("index", "no folder is indexed yet", "run `kb add FOLDER`")
        return
    except KbError as error:
        yield problem("index", error)
        return
    files = said["files"]
    indexed = files.get("indexed", 0)
    what = f"{indexed:,} file{'' if indexed == 1 else 's'} indexed, the indexer is {said['state']}"
    if fault := said.get("fault"):
        yield problem("index", DaemonError(fault["message"], hint="`kb status` shows when it goes on"))
    elif not said["roots"]:
        yield warning("index", "no folder is indexed yet", "run `kb add FOLDER`")
    elif why := said.get("paused_why"):
        yield warning("index", f"{what}: {why}", "run `kb indexer resume`")
    elif failed := files.get("failed", 0):
        yield warning("index", f"{what}; {failed:,} files failed", "run `kb files --state failed`")
    else:
        yield ok("index", what)


def look_at_network(places: Places) -> Iterator[Finding]:
    """Say what of kb would talk to whom; nobody is asked."""
    try:
        model = load_settings(places.config_file, Settings).model
    except ConfigError:
        # said already, where the settings are looked at.
        return
    if not model.url:
        yield ok(
            "network", "nothing leaves this machine; only `kb models pull` fetches something, when you run it"
        )
    elif model.allow_remote:
        yield warning(
            "network",
            f"questions and passages are sent to {_host(model.url)}",
            "set [model] allow_remote to false to keep them on this machine",
        )
    else:
        yield ok("network", f"answers come from {_host(model.url)}, and may only come from this machine")


def _requirements(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give what must be installed, and of which version if it must be exactly that."""
    for line in lines:
        if "extra ==" in line:
            continue
        name = re.match(r"[\w.-]+", line)
        exact = re.search(r"==\s*([\w.]+)", line.partition(";")[0])
        if name:
            yield name[0], exact[1] if exact else ""


def _host(url: str) -> str:
    """Name a server without what may be secret in its URL."""
    parts = urlsplit(url)
    return parts.hostname or parts.path
