"""What can be asked of the daemon, each as a method."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from indexer.client.connection import Breaker, Connection
from indexer.paths import Places
from indexer.types import (
    EVERYTHING,
    FileEntry,
    FilesPage,
    FileStatus,
    FileText,
    Filters,
    NamedFile,
    Offer,
    Passage,
    Progress,
    SearchResult,
    SearchTrace,
)

FILES_PER_PAGE = 5000
PASSAGES_PER_PAGE = 1000

MOST_PASSAGES = 20_000
"""Of one file; a book of a thousand pages has fewer."""


class IndexerClient:
    """One user's daemon, seen from a short-lived process; safe to share between threads.

    Args:
        places: Where the daemon's socket is.
        timeout_s: How long one answer may take.
    """

    def __init__(self, places: Places, *, timeout_s: float = 60.0) -> None:
        self._places = places
        self._connection = Connection(places, timeout_s=timeout_s)

    def search(
        self,
        query: str,
        *,
        top_k: int = 8,
        filters: Filters = EVERYTHING,
        beside: str = "",
        breaker: Breaker | None = None,
    ) -> SearchResult:
        """Return the best passages for a query; waits for the embedding model if it is still loading.

        Args:
            query: What is looked for, in plain words.
            top_k: How many passages at most.
            filters: What to look in.
            beside: The same question in other words, which has half a say; empty for none.
            breaker: Lets another thread break it off; the daemon then stops as soon as it can.

        Raises:
            BrokenOffError: If it was broken off.
        """
        body = {"query": query, "top_k": top_k, "filters": filters.to_json(), "beside": beside}
        return SearchResult.from_json(self._connection.ask("POST", "/v1/search", body, breaker=breaker))

    def explain(
        self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, file: Path | None = None
    ) -> SearchTrace:
        """Search as `search` does, and return every stage of it.

        Args:
            query: What is looked for, in plain words.
            top_k: How many passages at most.
            filters: What to look in.
            file: An absolute path whose part in the search is to be told too.
        """
        body = {"query": query, "top_k": top_k, "filters": filters.to_json()}
        if file is not None:
            body["file"] = str(file)
        return SearchTrace.from_json(self._connection.ask("POST", "/v1/explain", body))

    def resolve(self, names: Sequence[str]) -> list[list[NamedFile]]:
        """Return for each name of a file, as a person would write it, the files that it fits best."""
        found = self._connection.ask("POST", "/v1/resolve", {"names": list(names)})["files"]
        return [[NamedFile.from_json(file) for file in files] for files in found]

    def offers(self, name: str, typed: str, *, limit: int = 20) -> tuple[Offer, ...]:
        """Return what a filter that is being typed may become, the likeliest first.

        Args:
            name: Of the filter, as it is typed: in, exclude, type, tag, since or before.
            typed: What stands behind its colon.
            limit: How many at most.
        """
        body = {"filter": name, "typed": typed, "limit": limit}
        return tuple(map(Offer.from_json, self._connection.ask("POST", "/v1/offers", body)["offers"]))

    def sample(self, count: int, *, seed: int = 0, filters: Filters = EVERYTHING) -> tuple[Passage, ...]:
        """Return passages drawn at random, spread over files and kinds of files; their scores are 0.

        Args:
            count: How many at most; the daemon gives no more than 500 at a time.
            seed: Draws the same ones again, as long as the index stays the same.
            filters: What to draw from.
        """
        body = {"count": count, "seed": seed, "filters": filters.to_json()}
        found = self._connection.ask("POST", "/v1/sample", body)["passages"]
        return tuple(map(Passage.from_json, found))

    def passages_of(self, path: Path) -> FileText:
        """Return the text of a file as it is indexed, at most `MOST_PASSAGES` of it; empty if it is not."""
        passages: list[Passage] = []
        while True:
            asked = {"path": str(path), "limit": str(PASSAGES_PER_PAGE), "offset": str(len(passages))}
            query = urlencode(asked, quote_via=quote, errors="surrogateescape")
            page = self._connection.ask("GET", f"/v1/text?{query}")
            passages += map(Passage.from_json, page["passages"])
            if len(page["passages"]) < PASSAGES_PER_PAGE or len(passages) >= MOST_PASSAGES:
                return FileText(tuple(passages), page["total"])

    def status(self) -> dict[str, Any]:
        """Return how the daemon and the index are."""
        return self._connection.ask("GET", "/v1/status")

    def roots(self) -> list[Path]:
        """Return the folders that are indexed."""
        return [Path(root["path"]) for root in self._connection.ask("GET", "/v1/roots")["roots"]]

    def add_root(self, path: Path) -> str:
        """Have a folder indexed; returns as soon as the daemon knows of it.

        Returns:
            What the person should know ("already indexed as part of …"); empty for a new root.
        """
        notice = self._connection.call("POST", "/v1/roots", {"path": str(path)})["notice"]
        return str(notice)

    def remove_root(self, path: Path) -> int:
        """Forget a folder and return how many files were forgotten; the files themselves stay."""
        return int(self._connection.call("DELETE", "/v1/roots", {"path": str(path)})["forgotten"])

    def sweep(self) -> None:
        """Have every root compared with the disk; returns at once."""
        self._connection.call("POST", "/v1/sweep", {})

    def retry(self, under: Sequence[Path] = ()) -> int:
        """Have files that failed read again at once; return how many those are, before they are read.

        Args:
            under: Absolute paths of files or folders that matter; empty for everything.
        """
        body = {"under": [str(path) for path in under]}
        return int(self._connection.call("POST", "/v1/retry", body)["files"])

    def files(self, *, status: FileStatus | None = None, under: Path | None = None) -> list[FileEntry]:
        """Return the ledger, or the part of it with one status or under one folder."""
        entries: list[FileEntry] = []
        while True:
            page = self.files_page(status=status, under=under, offset=len(entries), limit=FILES_PER_PAGE)
            entries += page.entries
            if len(page.entries) < FILES_PER_PAGE:
                return entries

    def files_page(
        self,
        *,
        status: FileStatus | None = None,
        under: Path | None = None,
        text: str = "",
        offset: int = 0,
        limit: int,
    ) -> FilesPage:
        """Return some rows of the ledger in path order, and how many there are of their kind.

        Args:
            status: Only files of one status.
            under: Only what stands in a folder.
            text: Only files that have it in their path or their reason.
            offset: How many rows to pass over.
            limit: How many rows at most; the daemon gives no more than 10,000 at a time.
        """
        asked = {"limit": str(limit), "offset": str(offset), "text": text}
        if status is not None:
            asked["status"] = status.value
        if under is not None:
            asked["under"] = str(under)
        query = urlencode(asked, quote_via=quote, errors="surrogateescape")
        page = self._connection.ask("GET", f"/v1/files?{query}")
        return FilesPage(tuple(map(FileEntry.from_json, page["files"])), page["total"])

    def progress(self) -> Iterator[Progress]:
        """Yield how far indexing is whenever it moves, until nothing is left to do."""
        return self._stream("GET", "/v1/progress")

    def fresh(self, *, under: Sequence[Path] = ()) -> Iterator[Progress]:
        """Yield how far indexing is until every change that is on disk now can be found.

        Args:
            under: Absolute paths of files or folders that matter; empty for everything.
        """
        return self._stream("POST", "/v1/fresh", {"under": [str(path) for path in under]})

    def pause(self, seconds: float | None = None) -> None:
        """Stop indexing for a while, or until `resume`; searches go on."""
        self._connection.call("POST", "/v1/pause", {"seconds": seconds})

    def resume(self) -> None:
        """Go on indexing."""
        self._connection.call("POST", "/v1/resume", {})

    def why(self, path: Path) -> dict[str, Any]:
        """Return what is known of one file, indexed or not, and by which rule."""
        query = urlencode({"path": str(path)}, quote_via=quote, errors="surrogateescape")
        return self._connection.ask("GET", f"/v1/why?{query}")

    def prune(self) -> int:
        """Forget the files of roots that are away; return how many those were."""
        return int(self._connection.call("POST", "/v1/prune", {})["forgotten"])

    def stop(self) -> bool:
        """End the daemon and return when it is gone; tells whether there was one.

        Raises:
            DaemonError: If it cannot be ended.
        """
        # deferred: only `kb indexer stop` and `restart` end it.
        from indexer.client.stopping import stop

        return stop(self._places)

    def is_running(self) -> bool:
        """Tell whether a daemon listens; a socket left behind by a dead one does not count."""
        return self._connection.is_open()

    def _stream(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[Progress]:
        with self._connection.open(method, path, body) as stream:
            while line := self._connection.read(stream.readline):
                progress = Progress.from_json(self._connection.understand(line))
                yield progress
                if progress.is_idle:
                    return
        raise self._connection.gone()
