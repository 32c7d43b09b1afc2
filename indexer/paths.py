"""Where kb keeps things: the XDG places, or one directory when `KB_HOME` is set.

Everything stored stands in one directory of mode 0700, so that deleting or
backing up kb is one path. Only the config file may stand elsewhere.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from indexer.errors import ConfigError

SOCKET_PATH_LIMIT_BYTES = 103
"""Longest socket path that works on Linux (107) and macOS (103)."""


@dataclass(frozen=True, slots=True)
class Places:
    """Every path kb uses on this machine."""

    config_file: Path
    home: Path
    """The one directory of everything stored."""

    edition: str = ""
    """Which index `catalog_file` and `chroma_dir` belong to; see `indexer.editions`."""

    @classmethod
    def discover(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Return the places of this user; nothing is created.

        Args:
            environ: Stands for `os.environ`; `KB_HOME` in it moves everything.
        """
        environ = os.environ if environ is None else environ
        if home := environ.get("KB_HOME"):
            base = Path(home).expanduser().absolute()
            return cls(config_file=base / "config.toml", home=base)
        # deferred: KB_HOME and the tests need no platformdirs.
        import platformdirs

        return cls(
            config_file=platformdirs.user_config_path("kb") / "config.toml",
            home=platformdirs.user_data_path("kb"),
        )

    @property
    def index_dir(self) -> Path:
        """Where the index of this edition stands; the first one stands in the home itself."""
        return self.editions_dir / self.edition if self.edition else self.home

    @property
    def editions_dir(self) -> Path:
        """Indexes made with another embedding model than the first."""
        return self.home / "editions"

    @property
    def editions_file(self) -> Path:
        """Which edition answers, and with which model each was made."""
        return self.home / "editions.json"

    @property
    def catalog_file(self) -> Path:
        """SQLite catalog, the truth about everything indexed."""
        return self.index_dir / "catalog.sqlite"

    @property
    def chroma_dir(self) -> Path:
        """Chroma's directory; derived, can be rebuilt from the catalog."""
        return self.index_dir / "chroma"

    @property
    def history_file(self) -> Path:
        """SQLite file of the conversations."""
        return self.home / "history.sqlite"

    @property
    def run_dir(self) -> Path:
        """Sockets, lock files, and what the engine keeps of the last prompt."""
        return self.home / "run"

    @property
    def log_dir(self) -> Path:
        """Logs of daemon and engine."""
        return self.home / "log"

    @property
    def models_dir(self) -> Path:
        """The first folder in which a model is looked for by name."""
        return self.home / "models"

    @property
    def work_dir(self) -> Path:
        """An empty directory that children run in, so that no stray `.env` steers them."""
        return self.home / "run" / "empty"

    @property
    def indexer_socket(self) -> Path:
        """The daemon's API."""
        return self.run_dir / "indexer.sock"

    @property
    def indexer_lock(self) -> Path:
        """Held for life by the daemon."""
        return self.run_dir / "indexer.lock"

    @property
    def engine_socket(self) -> Path:
        """The model engine's API."""
        return self.run_dir / "engine.sock"

    @property
    def engine_lock(self) -> Path:
        """Held for life by the engine."""
        return self.run_dir / "engine.lock"

    @property
    def prompt_state(self) -> Path:
        """What the engine keeps of the last prompt for its next start; holds passages and the question."""
        return self.run_dir / "prompt.state"

    def create(self) -> None:
        """Make the directories, each with mode 0700.

        Raises:
            ConfigError: If one cannot be made, or a socket path would be too long.
        """
        for socket_path in (self.indexer_socket, self.engine_socket):
            length = len(os.fsencode(socket_path))
            if length > SOCKET_PATH_LIMIT_BYTES:
                raise ConfigError(
                    f"the socket path {socket_path} is {length} bytes long,"
                    f" and the system allows {SOCKET_PATH_LIMIT_BYTES}",
                    hint="set KB_HOME to a shorter directory",
                )
        for directory in (self.home, self.index_dir, self.run_dir, self.work_dir, self.log_dir):
            try:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                # only closed to others, never opened: a home that was made read-only stays so.
                if (mode := stat.S_IMODE(directory.stat().st_mode)) & 0o077:
                    directory.chmod(mode & 0o700)
            except OSError as error:
                raise ConfigError(
                    f"cannot make the directory {directory}: {error.strerror}",
                    hint="make it writable, or set KB_HOME to a directory that is",
                ) from error
