"""What a person typed → which file of which repository; pure."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from indexer.errors import UsageError

HUB = "https://huggingface.co"
_HUB_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_PART_OF_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXAMPLE = (
    "name a repository as owner/name, a file as owner/name/file.gguf, or give an https address of a .gguf"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be downloaded; either something of a repository, or the file at an address."""

    repository: str = ""
    """Owner and name, as in "Qwen/Qwen3-8B-GGUF"; empty for an address elsewhere."""

    revision: str = "main"
    file: str = ""
    """Path of a file in the repository; empty to choose one."""

    quantisation: str = ""
    """Which file to choose; empty for the largest that fits."""

    url: str = ""
    """Address of a file that stands in no repository of the hub."""


def read_name(name: str, *, quantisation: str = "", endpoint: str = HUB) -> Wanted:
    """Understand what a person typed.

    Args:
        name: `owner/name`, `owner/name:Q4_K_M`, `owner/name/file.gguf`, or an address.
        quantisation: What `--quant` says.
        endpoint: The hub's address; its own addresses are understood as names.

    Raises:
        UsageError: If it is none of these, or says two things at a time.
    """
    name = name.strip()
    if "://" in name:
        wanted = _read_address(name, endpoint)
    else:
        # as copied from the address line of a browser.
        host, _, rest = name.partition("/")
        wanted = _read_path(rest if host in _HUB_HOSTS else name, revision="main")
    if not quantisation:
        return wanted
    if wanted.file or wanted.url:
        raise UsageError(f"{name} is one file already, and --quant chooses one of several")
    if wanted.quantisation and wanted.quantisation.lower() != quantisation.lower():
        raise UsageError(f"{name} asks for {wanted.quantisation}, and --quant for {quantisation}")
    return Wanted(repository=wanted.repository, revision=wanted.revision, quantisation=quantisation)


def _read_address(name: str, endpoint: str) -> Wanted:
    try:
        parts = urlsplit(name)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{name} is no address", hint=_EXAMPLE) from error
    if not parts.hostname or parts.username is not None:
        raise UsageError(f"{name} is no address of a file", hint=_EXAMPLE)
    hub = urlsplit(endpoint)
    if parts.hostname in _HUB_HOSTS or (parts.hostname, port) == (hub.hostname, hub.port):
        return _read_hub_path(unquote(parts.path).strip("/"))
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe:
        raise UsageError(f"{name} is not an https address")
    if not parts.path.lower().endswith(".gguf"):
        raise UsageError(f"{name} is not the address of a .gguf file", hint=_EXAMPLE)
    _check_path(unquote(parts.path).rpartition("/")[2])
    return Wanted(url=name.partition("#")[0])


def _read_hub_path(path: str) -> Wanted:
    """Read the path of the hub's own addresses: a repository, or one of its pages and files."""
    steps = path.split("/")
    if len(steps) > 4 and steps[2] in {"blob", "resolve", "raw"}:
        return _read_path("/".join([*steps[:2], *steps[4:]]), revision=steps[3])
    if len(steps) >= 4 and steps[2] == "tree":
        return _read_path("/".join(steps[:2]), revision=steps[3])
    return _read_path(path, revision="main")


def _read_path(path: str, *, revision: str) -> Wanted:
    owner, _, rest = path.partition("/")
    name, _, file = rest.partition("/")
    name, _, quantisation = name.partition(":")
    if not (_PART_OF_NAME.fullmatch(owner) and _PART_OF_NAME.fullmatch(name)):
        raise UsageError(f"{path} is no name of a model on the hub", hint=_EXAMPLE)
    if file:
        if quantisation or not file.lower().endswith(".gguf"):
            raise UsageError(f"{path} is no name of a .gguf file on the hub", hint=_EXAMPLE)
        _check_path(file)
    return Wanted(
        repository=f"{owner}/{name}",
        revision=quote(revision, safe=""),
        file=file,
        quantisation=quantisation,
    )


def _check_path(path: str) -> None:
    """Refuse what would be saved elsewhere than below the models folder.

    Raises:
        UsageError: If it is so.
    """
    if not is_plain_path(path):
        raise UsageError(f"{path!r} is no name of a file")


def is_plain_path(path: str) -> bool:
    """Tell whether a path leads downwards only, and whether its names are harmless on every system."""
    return all(
        step not in {"", ".", ".."} and not step.startswith("-") and step.isprintable() and "\\" not in step
        for step in path.split("/")
    )
