"""A daemon, a writer and a history that always say the same, so that pictures of the app can be compared."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from assistant.config import Settings
from assistant.history import History, Source, StoredTurn
from assistant.models.surroundings import Surroundings
from assistant.tui.backend import Backend
from indexer.client import IndexerClient
from indexer.paths import Places
from indexer.types import (
    EVERYTHING,
    FileEntry,
    FilesPage,
    FileState,
    FileStatus,
    FileText,
    Filters,
    Locator,
    Offer,
    Passage,
    SearchResult,
    Span,
)
from tests.assistant.tui.frozen_models import frozen_surroundings
from tests.fakes import FakeGenerator

ROOT = Path("/home/ada/notes")
"""Nothing stands there."""

MODEL = "/home/ada/models/qwen3-8b-q4_k_m.gguf"

NOW = 1_795_800_000.0
"""A day in November 2026."""

CABIN = (
    "The cabin is rented from Oskar Berg.\nThe rent of the cabin is 640 euros a month.\n"
    "It is due on the fifth; the key is under the blue pot."
)
LEASE = "Notice must be given three months ahead, in writing.\nThe deposit is two rents, 1,280 euros."
ANSWER = (
    "The rent of the cabin is **640 euros** a month [1], due on the fifth [1]:\n\n"
    "| what | euros |\n| --- | ---: |\n| rent | 640 |\n| deposit | 1,280 |\n\n"
    "Notice must be given three months ahead [2]. The boat is Nora's [2].\n\n"
    "```python\nrent = 640\ndeposit = 2 * rent  # euros\n```\n"
)


def passage(name: str, text: str, locator: Locator, *, chunk_id: int, score: float = 0.9) -> Passage:
    """Make a passage whose first sentence is its best."""
    end = text.find("\n")
    return Passage(
        chunk_id=chunk_id,
        path=ROOT / name,
        root=ROOT,
        title=Path(name).stem.replace("-", " ").capitalize(),
        text=text,
        locator=locator,
        score=score,
        similarity=0.7,
        lexical=5.0,
        highlights=(Span(start=0, end=end if end > 0 else len(text)),),
        dated=1_780_000_000.0,
    )


PASSAGES = (
    passage(
        "home/cabin.md", CABIN, Locator(line_start=3, line_end=5, headings=("Cabin", "Rent")), chunk_id=1
    ),
    passage("home/lease.pdf", LEASE, Locator(page_start=4, page_end=4), chunk_id=2, score=0.6),
    passage(
        "travel/lisbon [2026].md",
        "The hotel in Lisbon is Casa do Tejo.\nThe night train leaves at 21:45.",
        Locator(line_start=7, line_end=8, headings=("Lisbon",)),
        chunk_id=3,
        score=0.4,
    ),
)


def entry(name: str, status: FileStatus, reason: str = "", *, retry_at: float | None = None) -> FileEntry:
    """Make a row of the ledger."""
    now = time.time()
    is_read = status in {FileStatus.INDEXED, FileStatus.PARTIAL}
    return FileEntry(
        path=ROOT / name,
        status=status,
        state=FileState(size_bytes=4_200, mtime_ns=1_780_000_000_000_000_000, inode=7),
        reason=reason,
        chunks=12 if is_read else 0,
        pages_without_text=2 if status is FileStatus.PARTIAL else 0,
        indexed_at=now - 7_200 if is_read else None,
        since=now - 7_200,
        attempts=2 if status is FileStatus.FAILED else 0,
        retry_at=retry_at,
    )


def entries() -> list[FileEntry]:
    """List the files, one or more of every status."""
    return [
        entry("home/cabin.md", FileStatus.INDEXED),
        entry("home/lease.pdf", FileStatus.INDEXED),
        entry("home/scan-2019.pdf", FileStatus.PARTIAL, "2 of 6 pages have no text"),
        entry("travel/lisbon [2026].md", FileStatus.INDEXED),
        entry("work/draft.docx", FileStatus.SKIPPED, "no text is read from .docx files"),
        entry(
            "work/plan.pdf",
            FileStatus.FAILED,
            "the PDF is damaged: no page tree",
            retry_at=time.time() + 1_800,
        ),
        entry("work/today.md", FileStatus.PENDING),
    ]


class FrozenIndex:
    """The daemon, as far as the app asks it."""

    def status(self) -> dict[str, Any]:
        """Say that it is current, of seven files, one of which has failed."""
        now = time.time()
        return {
            "state": "running",
            "version": "0.1.0",
            "api": 1,
            "pid": 4242,
            "embedding": {"model": "all-MiniLM-L6-v2", "device": "cpu", "dtype": "bfloat16"},
            "reranker": "",
            "building": None,
            "memory_mb": 312,
            "roots": [
                {"path": str(ROOT), "files": 1_204, "is_away": False, "not_watched": ""},
                {"path": "/media/usb/archive", "files": 87, "is_away": True, "not_watched": ""},
            ],
            "files": {"pending": 1, "indexed": 1_198, "partial": 1, "skipped": 90, "failed": 1},
            "chunks": 18_340,
            "embedded_total": 18_340,
            "queue": 0,
            "pending": 0,
            "as_of": now,
            "paused_until": None,
            "paused_why": "",
            "retry": {"count": 1, "next_at": now + 1_800},
            "rebuilding": None,
            "disk_bytes": {"catalog": 41_000_000, "chroma": 66_000_000, "logs": 120_000},
            "progress": {
                "files_done": 0,
                "files_total": 0,
                "chunks_done": 0,
                "chunks_per_s": 0.0,
                "seconds_left": 0.0,
                "current": "",
                "is_idle": True,
            },
            "fault": None,
            "recovered": None,
            "last_errors": [],
        }

    def search(
        self,
        query: str,
        *,
        top_k: int = 8,
        filters: Filters = EVERYTHING,
        **_: object,
    ) -> SearchResult:
        """Find the same three passages."""
        return SearchResult(
            passages=PASSAGES[:top_k],
            as_of=time.time(),
            pending=0,
            took_ms=6.0,
            question=query,
            filters=filters,
        )

    def files_page(
        self,
        *,
        status: FileStatus | None = None,
        text: str = "",
        offset: int = 0,
        limit: int,
        **_: object,
    ) -> FilesPage:
        """Leaf through the seven files."""
        found = [
            each
            for each in entries()
            if (status is None or each.status is status) and text.lower() in str(each.path).lower()
        ]
        return FilesPage(tuple(found[offset : offset + limit]), len(found))

    def offers(self, *_: object, **__: object) -> tuple[Offer, ...]:
        """Offer nothing."""
        return ()

    def why(self, path: Path) -> dict[str, Any]:
        """Say why a file is found."""
        return {
            "path": str(path),
            "leads_to": "",
            "state": "indexed",
            "since": None,
            "reason": "",
            "root": str(ROOT),
            "is_root_away": False,
            "has_changed": False,
            "files": None,
            "chunks": 12,
            "indexed_at": None,
            "pages_without_text": [],
            "hint": "",
            "attempts": 0,
            "queue_length": 0,
            "retry_at": None,
            "queue_place": None,
            "waits_for": "",
            "is_findable": True,
        }

    def passages_of(self, path: Path) -> FileText:
        """Return the one passage of a file."""
        found = tuple(each for each in PASSAGES if each.path == path)
        return FileText(found, len(found))


class FrozenBackend(Backend):
    """What the app stands on, without any process.

    Args:
        places: Where the history is.
        settings: The whole config.
    """

    def __init__(self, places: Places, settings: Settings) -> None:
        super().__init__(places, settings)
        self._frozen = FrozenIndex()

    def index(self) -> IndexerClient:
        """Return the daemon that says always the same."""
        return cast("IndexerClient", self._frozen)

    def engine_status(self) -> dict[str, Any]:
        """Say that the model is loaded, on the GPU as a whole."""
        return {
            "state": "ready",
            "model": MODEL,
            "layers": 37,
            "gpu_layers": 37,
            "is_gpu_build": True,
            "context_tokens": 32_768,
            "trained_context_tokens": 40_960,
            "kv_type": "f16",
        }

    def writer(self, *, is_private: bool = False) -> Any:  # noqa: ARG002 - as the real one
        """Return who writes always the same."""
        return _Writer([ANSWER])

    def surroundings(self) -> Surroundings:
        """Return three models."""
        return frozen_surroundings()

    def now(self) -> float:
        """Return the moment that everything is written for."""
        return NOW

    def earlier_questions(self) -> list[str]:
        """Return none."""
        return []


class _Writer(FakeGenerator):
    model_name = "qwen3-8b-q4_k_m.gguf"

    def interrupt(self) -> None:
        """There is nothing to break off."""


def write_history(places: Places, questions: Sequence[str]) -> None:
    """Keep a conversation for each question, hours apart."""
    with History.open(places.history_file) as history:
        for hours, question in reversed(list(enumerate(questions, start=1))):
            history.add(
                StoredTurn(
                    question=question,
                    standalone=question,
                    answer="The rent of the cabin is 640 euros a month [1].",
                    sources=(
                        Source(
                            n=1,
                            path=PASSAGES[0].path,
                            locator=PASSAGES[0].locator,
                            quote="The rent of the cabin is 640 euros a month.",
                        ),
                    ),
                    model="qwen3-8b-q4_k_m.gguf",
                    timings_ms={"search": 6.0, "first_token": 420.0, "total": 2_100.0},
                    asked_at=NOW - hours * 7_200,
                )
            )
