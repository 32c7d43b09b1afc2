"""What the hub says of a repository: its files with their hashes, its licence, and whether it is open."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from assistant.engine.models.licences import Licence, licence_of
from assistant.engine.pull.choosing import HubFile
from assistant.engine.pull.naming import is_plain_path
from assistant.engine.pull.web import AnswerError, Web
from assistant.errors import DownloadError

_MAX_PAGES = 50
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A model's page."""

    name: str
    """As the hub writes it now; it follows renames."""

    commit: str
    """What is read from here on, so that files and their list belong together."""

    licence: Licence

    is_gated: bool


class Hub:
    """Reads pages of the hub.

    Args:
        web: What sends the requests.
        endpoint: Its address, without a slash at the end.
    """

    def __init__(self, web: Web, endpoint: str) -> None:
        self._web = web
        self._endpoint = endpoint
        self.host = urlsplit(endpoint).netloc

    def repository(self, name: str, revision: str) -> Repository:
        """Read the page of a repository.

        Raises:
            DownloadError: If there is none, or it is not open to us.
        """
        url = f"{self._endpoint}/api/models/{name}"
        if revision != "main":
            url += f"/revision/{revision}"
        page = self._ask(url, name)
        if not isinstance(page, dict):
            raise self._odd()
        return Repository(
            name=str(page.get("id") or name),
            commit=str(page.get("sha") or revision),
            licence=_licence(page),
            is_gated=bool(page.get("gated")),
        )

    def files(self, repository: Repository) -> list[HubFile]:
        """List every file of a repository.

        Raises:
            DownloadError: If the hub does not say.
        """
        url = f"{self._endpoint}/api/models/{repository.name}/tree/{repository.commit}?recursive=true"
        files: list[HubFile] = []
        for _ in range(_MAX_PAGES):
            entries, link = self._ask_page(url, repository.name)
            if not isinstance(entries, list):
                raise self._odd()
            files += [file for entry in entries if (file := _read_file(entry))]
            following = _NEXT.search(link)
            if following is None:
                break
            url = urljoin(url, following[1])
        return files

    def address(self, repository: Repository, path: str) -> str:
        """Return where a file is downloaded from."""
        return f"{self._endpoint}/{repository.name}/resolve/{repository.commit}/{quote(path)}"

    def explain(self, error: AnswerError, name: str) -> DownloadError:
        """Say what the hub's refusal means for a repository."""
        page = f"{self._endpoint}/{name}"
        if error.code == "GatedRepo" or (error.status == 403 and not error.code):
            return DownloadError(
                f"{name} is open only to those who agreed to its terms",
                hint=f"agree at {page}, then set HF_TOKEN to a token of yours"
                if not self._web.has_token
                else f"agree at {page} with the account that HF_TOKEN belongs to",
            )
        if error.code == "RevisionNotFound":
            return DownloadError(f"{name} has no such revision")
        if error.code == "EntryNotFound":
            return DownloadError(f"{name} no longer has that file", hint="try again")
        if error.status == 401 and self._web.has_token:
            return DownloadError(
                f"{self.host} does not open {name} to the token in HF_TOKEN",
                hint="check the name, and the token in your settings there",
            )
        if error.status in {401, 404}:
            return DownloadError(
                f"there is no repository {name} at {self.host} that everybody may read",
                hint="check the name; for one of your own, set HF_TOKEN to a token of yours",
            )
        return DownloadError(f"{self.host} refuses to show {name} (status {error.status})")

    def _ask(self, url: str, name: str) -> Any:
        return self._ask_page(url, name)[0]

    def _ask_page(self, url: str, name: str) -> tuple[Any, str]:
        try:
            value, headers = self._web.ask(url)
        except AnswerError as error:
            raise self.explain(error, name) from error
        return value, headers.get("Link", "")

    def _odd(self) -> DownloadError:
        return DownloadError(f"{self.host} answers with something else than the hub would")


def _licence(page: Mapping[str, Any]) -> Licence:
    card = page.get("cardData")
    card = card if isinstance(card, dict) else {}
    named = card.get("license")
    if isinstance(named, list):
        named = named[0] if named else ""
    tags = page.get("tags")
    if not named and isinstance(tags, list):
        marks = [tag for tag in tags if isinstance(tag, str) and tag.startswith("license:")]
        named = marks[0].removeprefix("license:") if marks else ""
    return licence_of(named, card.get("license_name", ""), card.get("license_link", ""))


def _read_file(entry: Any) -> HubFile | None:
    if not isinstance(entry, dict) or entry.get("type") != "file":
        return None
    path = str(entry.get("path", ""))
    # a name from the network becomes a path on this machine.
    if not is_plain_path(path):
        return None
    stored = entry.get("lfs")
    stored = stored if isinstance(stored, dict) else {}
    size = stored.get("size", entry.get("size"))
    sha256 = str(stored.get("oid", "")).lower()
    return HubFile(
        path=path,
        size_bytes=size if isinstance(size, int) and size > 0 else 0,
        sha256=sha256 if re.fullmatch(r"[0-9a-f]{64}", sha256) else "",
    )
