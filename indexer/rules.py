"""Which files are read, and the rule that leaves out each of the others.

Built-in rules come first and nothing overrides them; then the patterns of the
config, then the ignore files, the deepest first. A negated pattern ends the
question at its step: what it brings back, no later step leaves out.
"""

import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from indexer.errors import ConfigError
from indexer.ignore import IGNORE_FILES, Chain, IgnoreFile, IgnoreFiles, decide, parse

EXCLUDED_DIRECTORIES = frozenset(
    {
        "$RECYCLE.BIN",
        "CMakeFiles",
        "CVS",
        "DerivedData",
        "System Volume Information",
        "__MACOSX",
        "__pycache__",
        "__pypackages__",
        "_darcs",
        "bower_components",
        "elm-stuff",
        "jspm_packages",
        "lost+found",
        "node_modules",
        "site-packages",
        "zig-cache",
    }
)
"""Folders that hold no documents of a person; hidden ones are left out anyway."""

EXCLUDED_DIRECTORY_SUFFIXES = (".dist-info", ".egg-info", ".git", ".photoslibrary", ".xcodeproj")
"""What packaging leaves behind, bare repositories, and folders that are one document of a program."""

EXCLUDED_FILES = frozenset({"Thumbs.db", "desktop.ini", "ehthumbs.db", "Icon\r"})
"""What file managers leave behind."""

MARKERS_OF_EXCLUDED_DIRECTORIES = frozenset({"CACHEDIR.TAG", "pyvenv.cfg"})
"""A folder that holds one of these is a cache or a Python environment."""

RULE_FILES = MARKERS_OF_EXCLUDED_DIRECTORIES.union(IGNORE_FILES)
"""Files that say what of their folder is left out."""

_SECRETS = re.compile(
    r"""
    (_netrc | \.netrc | \.env.* | .+\.env | \.?htpasswd | \.pgpass | \.my\.cnf | \.npmrc | \.pypirc
    | \.git-credentials | \.dockercfg | credentials | credentials\.(json|ya?ml|toml|ini|csv)
    | kubeconfig | wallet\.dat | \.?vault[-_]pass(word)?(\.txt)? | terraform\.tfstate(\.backup)?
    | (.*[-_.])?(secret|private)[-_.]?key.*\.asc
    | id_(rsa|dsa|ecdsa|ed25519)(_sk)? | client_secret.*\.json | (.*[-_])?service[-_]?account.*\.json
    | .+\.(pem|key|p8|p12|pfx|kdbx?|jks|keystore|gpg|pgp|ovpn|ppk|keychain(-db)?|agekey|tfvars))
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

HIDDEN = "a hidden file"
LINK = "a symbolic link, which is not followed; a folder elsewhere can be added with `kb add`"


class WalkRules:
    """Which files are left out, and why. Thread-safe.

    Args:
        exclude: Patterns as in .gitignore, matched against the path below the root.
        max_file_bytes: Larger files are left out.
        is_supported: Whether there is a reader for a path, by its name.

    Raises:
        ConfigError: If a pattern cannot be understood.
    """

    def __init__(
        self,
        *,
        exclude: Sequence[str] = (),
        max_file_bytes: int,
        is_supported: Callable[[Path], bool],
    ) -> None:
        patterns, unusable = parse(exclude)
        if unusable:
            raise ConfigError(
                f"[index] exclude holds a pattern that cannot be understood: {exclude[unusable[0] - 1]!r}"
            )
        self._config = IgnoreFile("[index] exclude", patterns)
        self._max_file_bytes = max_file_bytes
        self._is_supported = is_supported
        self.files = IgnoreFiles()
        """The ignore files on disk."""

    def may_matter(self, relative: str) -> bool:
        """Tell whether a change at a path below the root can change what is indexed, by its name alone."""
        *above, name = PurePath(relative).parts
        path = ""
        for part in above:
            path += part
            if self.folder_reason(part, path, ()):
                return False
            path += os.sep
        return name in IGNORE_FILES or (not name.startswith(".") and name not in EXCLUDED_FILES)

    def reaches(self, root: Path, folder: Path) -> bool:
        """Tell whether the walk of a root comes to a folder below it."""
        return not self._reason_above(root, folder.relative_to(root).parts)

    def explain(self, root: Path, path: Path) -> str:
        """Name the first rule that leaves a path of a root out, or a folder above it; empty if it is read.

        What does not exist is judged by its name, as a file.
        """
        relative = path.relative_to(root)
        if not relative.parts:
            return ""
        if above := self._reason_above(root, relative.parts[:-1]):
            return above
        try:
            status = path.lstat()
        except OSError:
            status = None
        if status is not None and stat.S_ISDIR(status.st_mode):
            return self._reason_above(root, relative.parts)
        chain = self.files.chain(os.fspath(root), os.fspath(path.parent))
        return self.file_reason(os.fspath(relative), status, chain)

    def skip_reason(self, path: Path, relative: str, status: os.stat_result) -> str:
        """Name the rule that leaves a file out, or a folder above it; empty if it is to be read.

        Args:
            path: Its absolute path.
            relative: Its path below the root.
            status: What `lstat` says of it.
        """
        root = Path(os.fspath(path)[: -len(relative) - 1])
        if above := self._reason_above(root, PurePath(relative).parts[:-1]):
            return above
        return self.file_reason(relative, status, self.files.chain(os.fspath(root), os.fspath(path.parent)))

    def folder_reason(self, name: str, relative: str, chain: Chain) -> str:
        """Name the rule that keeps a walk out of a folder, by its name; empty if none does.

        Args:
            name: Its last part.
            relative: Its path below the root.
            chain: The ignore files above it.
        """
        if name.startswith("."):
            return f"in the hidden folder {relative}"
        if name in EXCLUDED_DIRECTORIES or name.endswith(EXCLUDED_DIRECTORY_SUFFIXES):
            return f"in the folder {relative}, which holds what programs made"
        return self._by_pattern(relative, chain, is_folder=True)

    def file_reason(self, relative: str, status: os.stat_result | None, chain: Chain) -> str:
        """Name the rule that leaves a file out of a folder that is walked; empty if it is to be read.

        Args:
            relative: Its path below the root.
            status: What `lstat` says of it; `None` to judge its name alone.
            chain: The ignore files above it.
        """
        name = relative.rpartition("/")[2]
        if status is not None and not stat.S_ISREG(status.st_mode):
            reason = LINK if stat.S_ISLNK(status.st_mode) else "not a regular file"
        elif _SECRETS.fullmatch(name):
            reason = "a key or credential file"
        elif name.startswith("."):
            reason = HIDDEN
        elif name in EXCLUDED_FILES:
            reason = "a file of the file manager"
        elif pattern := self._by_pattern(relative, chain, is_folder=False):
            reason = pattern
        elif not self._is_supported(path := Path(name)):
            # "Mr. Smith" has a suffix for pathlib only.
            named = path.suffix and not any(map(str.isspace, path.suffix))
            reason = f"no reader for {f'{path.suffix.lower()} files' if named else 'files without a suffix'}"
        elif status is not None and status.st_size > self._max_file_bytes:
            reason = f"larger than {self._max_file_bytes // 1_000_000} MB ([index] max_file_mb)"
        else:
            reason = ""
        return reason

    def _by_pattern(self, relative: str, chain: Chain, *, is_folder: bool) -> str:
        found = self._config.decide(relative, is_folder=is_folder)
        if found is not None:
            return "" if found.is_negated else f"[index] exclude: {found.text}"
        return decide(chain, relative, is_folder=is_folder)

    def _reason_above(self, root: Path, parts: Sequence[str]) -> str:
        """Name the rule that keeps a walk out of the folder of these parts, or of one above it."""
        chain: Chain = ()
        at = base = os.fspath(root)
        for part in parts:
            level = self.files.level_at(base, at)
            chain = chain if level is None else (*chain, level)
            at = f"{at}/{part}"
            if reason := self.folder_reason(part, at[len(base) + 1 :], chain):
                return reason
            for name in sorted(MARKERS_OF_EXCLUDED_DIRECTORIES):
                if os.path.lexists(f"{at}/{name}"):
                    return f"in the folder {at[len(base) + 1 :]}, which {name} marks as made by a program"
        return ""
