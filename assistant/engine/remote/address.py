"""Where a model server stands, and connections that go nowhere else.

A name is resolved for every connection, and the connection is made to an
address that was just checked, so that a name cannot lead elsewhere in between.
Nothing of the environment has a say: no proxy, and no redirect is followed.
"""

import http.client
import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from assistant.errors import EngineUnavailableError
from indexer.errors import ConfigError

CONNECT_S = 10.0
"""A server that does not take a connection in so long is not there."""

_PORTS = {"http": 80, "https": 443}
_OFFER = 'give one as "http://127.0.0.1:11434/v1" or "unix:/run/llama.sock"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a model server stands."""

    shown: str
    """How a person knows it, without the path."""

    host: str = ""
    port: int = 0
    is_tls: bool = False
    socket_path: str = ""
    """A Unix socket; then there is no host."""

    path: str = ""
    """What stands before every path, without a slash at its end."""


def read_address(url: str) -> Address:
    """Read `[model] url`.

    Raises:
        ConfigError: If it is none, or holds what has no place in it.
    """
    url = url.strip()
    if url.startswith("unix:"):
        path = "/" + url.removeprefix("unix:").lstrip("/")
        if path == "/" or url.startswith("unix:~") or not url.startswith("unix:/"):
            raise ConfigError(f"[model] url {url!r} names no socket", hint=_OFFER)
        return Address(shown=f"unix:{path}", socket_path=path)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError(f"[model] url {url!r} is not a URL", hint=_OFFER) from None
    if parts.scheme not in _PORTS or not parts.hostname or not re.fullmatch("[!-~]+", url):
        raise ConfigError(f"[model] url {url!r} is not the URL of a server", hint=_OFFER)
    if parts.username is not None or parts.password is not None:
        raise ConfigError("[model] url holds a password", hint="put it under [model] api_key")
    if parts.query or parts.fragment:
        raise ConfigError(f"[model] url {url!r} has something behind its path", hint=_OFFER)
    return Address(
        shown=f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}",
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        is_tls=parts.scheme == "https",
        path=parts.path.rstrip("/").removesuffix("/chat/completions"),
    )


def check_key(key: str) -> None:
    """Refuse an API key that cannot be sent.

    Raises:
        ConfigError: Without the key in it.
    """
    if not re.fullmatch("[!-~]*", key):
        raise ConfigError("[model] api_key holds something other than letters, digits and signs")


def is_loopback(address: str) -> bool:
    """Tell whether what is sent to an IP address stays on this machine."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def is_surely_here(address: Address) -> bool:
    """Tell whether a server is on this machine, without looking its name up."""
    try:
        return bool(address.socket_path) or address.host == "localhost" or is_loopback(address.host)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Target:
    """One address that a name stands for."""

    family: socket.AddressFamily
    address: str
    port: int

    @property
    def is_remote(self) -> bool:
        """Whether it is another machine's, or may be."""
        return not is_loopback(self.address)


def find_targets(address: Address, *, allow_remote: bool) -> list[Target]:
    """Resolve a server's name; empty for a Unix socket.

    Raises:
        ConfigError: If any of its addresses is not this machine's own, and that is not allowed.
        EngineUnavailableError: If the name stands for nothing.
    """
    if address.socket_path:
        return []
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise EngineUnavailableError(
            f"there is no machine called {address.host}", hint="look at [model] url (`kb config edit`)"
        ) from error
    targets = [Target(family, str(place[0]), address.port) for family, _, _, _, place in found]
    strangers = [target.address for target in targets if target.is_remote]
    if strangers and not allow_remote:
        other = "" if strangers[0] == address.host else f" ({strangers[0]})"
        raise ConfigError(
            f"[model] url leads to {address.host}{other}, which is not this machine",
            hint="your questions and passages would leave it; [model] allow_remote = true allows that",
        )
    return targets


class Connection(http.client.HTTPConnection):
    """One request to a model server.

    Args:
        address: Where it stands.
        allow_remote: Whether that may be another machine.
    """

    def __init__(self, address: Address, *, allow_remote: bool) -> None:
        super().__init__(address.host or "localhost", address.port or None, timeout=CONNECT_S)
        self._address = address
        self._allow_remote = allow_remote

    def connect(self) -> None:
        """Connect to an address that was checked just now."""
        address = self._address
        targets = find_targets(address, allow_remote=self._allow_remote)
        wire = _dial_path(address.socket_path) if address.socket_path else _dial(targets)
        if address.is_tls:
            # deferred: OpenSSL takes 10 ms to import.
            import ssl

            wire = ssl.create_default_context().wrap_socket(wire, server_hostname=address.host)
        self.sock = wire


def _dial_path(path: str) -> socket.socket:
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    wire.settimeout(CONNECT_S)
    try:
        wire.connect(path)
    except OSError:
        wire.close()
        raise
    return wire


def _dial(targets: list[Target]) -> socket.socket:
    failure: OSError = ConnectionRefusedError()
    for target in targets:
        wire = socket.socket(target.family, socket.SOCK_STREAM)
        wire.settimeout(CONNECT_S)
        try:
            wire.connect((target.address, target.port))
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            wire.close()
            failure = error
        else:
            return wire
    raise failure
