"""One search at a time, the newest."""

import asyncio
import threading

import pytest

from assistant.tui.live_search import LiveSearch
from indexer.client import Breaker, BrokenOffError
from indexer.errors import DaemonError
from indexer.types import SearchResult
from tests.assistant.tui.homes import until
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.anyio


class Slow:
    """Answers when it is told to, and counts who still waits."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.waiting: set[str] = set()
        self.is_away = False
        self._may_answer = threading.Event()

    def answer(self) -> None:
        """Answer from now on."""
        self._may_answer.set()

    def search(self, query: str, *, top_k: int, breaker: Breaker) -> SearchResult:
        self.asked.append(query)
        if self.is_away:
            raise DaemonError("it is away")
        self.waiting.add(query)
        broken = False
        for _ in range(int(PATIENCE_S * 100)):
            broken = breaker.is_broken
            if broken or self._may_answer.wait(0.01):
                break
        self.waiting.discard(query)
        if broken:
            raise BrokenOffError("broken off")
        return SearchResult(passages=(), as_of=1.0, pending=top_k, took_ms=1.0, question=query)


async def test_a_new_search_ends_the_one_before() -> None:
    """Only the newest is answered, and nothing goes on for the others."""
    slow = Slow()
    live = LiveSearch(lambda: slow)
    first = asyncio.ensure_future(live.find("r", top_k=3))
    await until(lambda: "r" in slow.waiting, "the first is asked")
    second = asyncio.ensure_future(live.find("re", top_k=3))
    assert await first is None
    await until(lambda: slow.waiting == {"re"}, "the first is broken off")
    slow.answer()
    found = await second
    assert found is not None
    assert found.question == "re"


async def test_a_search_that_nobody_waits_for_is_broken_off() -> None:
    """Cancelling whoever waits is enough, and so is stopping."""
    slow = Slow()
    live = LiveSearch(lambda: slow)
    search = asyncio.ensure_future(live.find("r", top_k=3))
    await until(lambda: "r" in slow.waiting, "it is asked")
    search.cancel()
    await until(lambda: not slow.waiting, "it is broken off")
    search = asyncio.ensure_future(live.find("s", top_k=3))
    await until(lambda: "s" in slow.waiting, "it is asked")
    live.stop()
    assert await search is None


async def test_a_daemon_that_went_away_is_looked_for_anew() -> None:
    """One is opened for all searches, until it fails."""
    slow = Slow()
    slow.answer()
    opened: list[Slow] = []

    def open_client() -> Slow:
        opened.append(slow)
        return slow

    live = LiveSearch(open_client)
    await live.find("a", top_k=1)
    await live.find("b", top_k=1)
    assert len(opened) == 1
    slow.is_away = True
    with pytest.raises(DaemonError):
        await live.find("c", top_k=1)
    slow.is_away = False
    assert await live.find("d", top_k=1) is not None
    assert len(opened) == 2
