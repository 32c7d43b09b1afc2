"""How long the app keeps a key waiting while an answer streams below earlier ones.

An answer of Markdown with prose, lists, a table and code comes at 200 tokens a second, below none
and below 100 earlier answers; meanwhile letters are typed, and each is timed until the prompt holds
it and the screen is drawn. Everything but the model and the daemon is the real app.

    python -m benchmarks.bench_streaming [--seconds 10] [--tokens-per-s 200]
"""

import argparse
import asyncio
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from assistant.config import Settings
from assistant.engine.types import ChatOptions, Delta, Finished, Usage
from assistant.tui.app import KbApp
from assistant.tui.backend import Backend
from assistant.tui.exchange import Exchange
from assistant.tui.screens.ask import AskScreen
from assistant.tui.widgets.prompt import Prompt
from assistant.types import Message, Question
from indexer.client import IndexerClient
from indexer.errors import DaemonError
from indexer.paths import Places
from indexer.types import EVERYTHING, Filters, Locator, Passage, SearchResult

TEXT = """## The rent

The rent of the cabin is 640 euros a month [1], due on the 5th. It is paid **by transfer** [1].

- The key is under the blue flower pot [1]
- The fuse box is behind the kitchen door [1]

| Month | Euros | Paid |
|---|---:|---|
| May | 640 | yes [1] |
| June | 640 | no |

```python
def rent(months: int) -> int:
    return 640 * months
```

"""
PASSAGE = Passage(
    chunk_id=1,
    path=Path("/notes/cabin.md"),
    root=Path("/notes"),
    title="Cabin",
    text="The rent of the cabin is 640 euros a month, due on the 5th. The key is under the blue flower pot.",
    locator=Locator(line_start=1, line_end=1),
    score=0.9,
    similarity=0.6,
    lexical=1.0,
)


class Writer:
    """Writes the text again and again at a steady pace.

    Args:
        seconds: How long.
        tokens_per_s: How fast; a token is four characters.
    """

    model_name = "steady.gguf"

    def __init__(self, seconds: float, tokens_per_s: float) -> None:
        self._seconds = seconds
        self._pause_s = 1 / tokens_per_s

    def wait_ready(self) -> dict[str, Any]:
        """Be ready."""
        return {"state": "ready", "context_tokens": 8192}

    def count_tokens(self, text: str) -> int:
        """Count words."""
        return len(text.split())

    def interrupt(self) -> None:
        """Go on: nobody waits for it."""

    def chat(self, messages: Sequence[Message], options: ChatOptions) -> Iterator[Delta | Finished]:  # noqa: ARG002 - it says always the same
        """Write."""
        began_at = time.perf_counter()
        written = 0
        while (now := time.perf_counter()) < began_at + self._seconds:
            due = int((now - began_at) / self._pause_s)
            for number in range(written, due):
                at = number * 4 % len(TEXT)
                yield Delta("text", TEXT[at : at + 4])
            written = max(written, due)
            time.sleep(self._pause_s)
        usage = Usage(prompt_tokens=1, cached_tokens=0, completion_tokens=written)
        yield Finished(reason="stop", usage=usage)


class Searcher:
    """Finds one passage."""

    def status(self) -> dict[str, Any]:
        """Be nobody's daemon."""
        raise DaemonError("there is none")

    def search(
        self,
        query: str,
        *,
        top_k: int = 8,  # noqa: ARG002 - there is one
        filters: Filters = EVERYTHING,
        beside: str = "",  # noqa: ARG002 - nor more words
    ) -> SearchResult:
        """Find it."""
        return SearchResult(
            passages=(PASSAGE,), as_of=time.time(), pending=0, took_ms=1, question=query, filters=filters
        )


class Scripted(Backend):
    """The writer and the searcher in place of engine and daemon."""

    made: Writer

    @property
    def has_model(self) -> bool:
        """There is one."""
        return True

    def index(self) -> IndexerClient:
        """Return what finds."""
        return cast("IndexerClient", Searcher())

    def writer(self, *, is_private: bool = False) -> Any:  # noqa: ARG002 - nothing is kept
        """Return who writes."""
        return self.made


async def measure(places: Places, earlier: int, seconds: float, tokens_per_s: float) -> dict[str, float]:
    """Stream one answer below earlier ones, and type meanwhile."""
    backend = Scripted(places, Settings())
    backend.made = Writer(seconds, tokens_per_s)
    app = KbApp(backend)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = cast("AskScreen", app.screen)
        await screen._is_furnished.wait()
        screen._modes.add("private")
        screen.conversation.is_private = True
        done = [
            Exchange(question=Question(text=f"Question {n}?"), stage="done", text=TEXT, by="x")
            for n in range(earlier)
        ]
        mounted_at = time.perf_counter()
        await screen.conversation.add(done)
        await pilot.pause()
        mount_s = time.perf_counter() - mounted_at
        await screen.ask_question("How much is the rent of the cabin?")
        prompt = screen.query_one(Prompt)
        while screen.conversation.last is None or screen.conversation.last.exchange.stage != "writing":
            await asyncio.sleep(0.01)
        waits: list[float] = []
        while screen.conversation.is_busy:
            before = time.perf_counter()
            length = len(prompt.text)
            app.post_message(_key("x"))
            while len(prompt.text) == length:
                await asyncio.sleep(0)
            drawn = asyncio.Event()
            prompt.call_after_refresh(drawn.set)
            await drawn.wait()
            waits.append((time.perf_counter() - before) * 1000)
            await asyncio.sleep(0.05)
        last = screen.conversation.last
        characters = len(last.exchange.text)
    waits.sort()
    return {
        "p50": statistics.median(waits),
        "p95": waits[int(len(waits) * 0.95)],
        "most": waits[-1],
        "keys": len(waits),
        "mount_s": mount_s,
        "characters": characters,
    }


def _key(character: str) -> Any:
    from textual.events import Key

    return Key(character, character)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each answer")
    parser.add_argument("--tokens-per-s", type=float, default=200.0)
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"
    )
    home = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    try:
        places = Places(config_file=home / "config.toml", home=home)
        places.create()
        print("EARLIER  KEYS  P50 ms  P95 ms  MOST ms  MOUNT s  CHARACTERS")
        for earlier in (0, 100):
            found = asyncio.run(measure(places, earlier, asked.seconds, asked.tokens_per_s))
            print(
                f"{earlier:7}  {found['keys']:4.0f}  {found['p50']:6.1f}  {found['p95']:6.1f}"
                f"  {found['most']:7.1f}  {found['mount_s']:7.2f}  {found['characters']:10.0f}"
            )
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
