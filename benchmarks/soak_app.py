"""Ask the app one question after the other, and watch its memory and how soon it shows a typed letter.

The app runs on a terminal that is not there, with a real daemon and a real engine, whose model
writes without end until the limit. It is tiny and writes faster than any model that somebody would
use, so its answers are passed on at the pace of a fast one; `--tokens-per-s 0` takes them as they
come. A letter is typed every so often, whatever goes on; its lag is the time from the moment at which
it was due until the screen that shows it is drawn, while an answer streams.

    python -m benchmarks.soak_app [--questions 200] [--tokens 300] [--tokens-per-s 200]
"""

import argparse
import asyncio
import contextlib
import gc
import os
import platform
import shutil
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from textual import events
from textual.geometry import Region
from textual.strip import Strip

from assistant.engine.client import EngineClient
from assistant.engine.types import Delta
from assistant.tui.app import KbApp
from assistant.tui.backend import Backend
from assistant.tui.garbage import LOOK_EVERY_S, QUIET_S
from assistant.tui.screens.ask import AskScreen
from assistant.tui.widgets.prompt import Prompt
from indexer.client import IndexerClient, connect
from indexer.paths import Places
from tests.homes import short_home
from tests.models.wired_gguf import write_scripted_model

ROOT = Path(__file__).resolve().parent.parent
CHARACTERS = 4
"""Of a token that is passed on."""

EVERY_S = 0.1
"""Between two letters."""

REPORT_EVERY = 25
"""Questions between two lines of the table."""

PAUSE_S = QUIET_S + 2 * LOOK_EVERY_S
"""What nobody types in at the end: by then the app has collected its garbage."""

SUBJECTS = ("cabin", "boiler", "office", "hotel", "museum", "garden", "bike", "bread")
ASKED = (
    "What is the rent of the {}?",
    "Where is the key of the {}?",
    "Who owns the {}?",
    "When is the {} open?",
)


class Paced(Backend):
    """Passes answers on no faster than at a pace.

    Args:
        places: Where everything is.
        tokens_per_s: The pace; 0 for as fast as they come.
    """

    def __init__(self, places: Places, tokens_per_s: float) -> None:
        super().__init__(places)
        self._pause_s = 1 / tokens_per_s if tokens_per_s else 0.0

    def writer(self, *, is_private: bool = False) -> Any:
        """Return who writes the next answer."""
        writer = super().writer(is_private=is_private)
        return PacedWriter(writer, self._pause_s) if writer is not None and self._pause_s else writer


class PacedWriter:
    """A writer that is held back.

    Args:
        writer: Who writes.
        pause_s: Between two of its tokens.
    """

    def __init__(self, writer: Any, pause_s: float) -> None:
        self._writer = writer
        self._pause_s = pause_s

    def __getattr__(self, name: str) -> Any:
        """Be like the writer in all else."""
        return getattr(self._writer, name)

    def chat(self, *given: Any, **named: Any) -> Iterator[Any]:
        """Write, each token when it is due; the engine sends several at once to who reads slowly."""
        due = time.perf_counter()
        for piece in self._writer.chat(*given, **named):
            if not isinstance(piece, Delta):
                yield piece
                continue
            for at in range(0, len(piece.text), CHARACTERS):
                due = max(due + self._pause_s, time.perf_counter() - self._pause_s)
                time.sleep(max(0.0, due - time.perf_counter()))
                yield replace(piece, text=piece.text[at : at + CHARACTERS])


class WatchedApp(KbApp):
    """Notes when a screen was drawn whose prompt says something else than before."""

    before: str | None = None
    """What the prompt said; `None` while nobody waits."""

    rendered: str | None = None
    """What it said when it was rendered last."""

    drawn_at = 0.0
    """When it was drawn, by the performance counter."""

    def watch_prompt(self, prompt: Prompt) -> None:
        """Take note whenever it is rendered."""
        render_lines = prompt.render_lines

        def rendered(crop: Region) -> list[Strip]:
            self.rendered = prompt.text
            return render_lines(crop)

        prompt.render_lines = rendered  # type: ignore[method-assign]

    def post_display_hook(self) -> None:
        """Take note; Textual calls this when it has drawn."""
        super().post_display_hook()
        if self.before is not None and self.rendered != self.before:
            self.drawn_at = time.perf_counter()
            self.before = None


def main() -> None:
    """Soak and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=300, help="length of an answer")
    parser.add_argument("--tokens-per-s", type=float, default=200.0, help="0 for as fast as they come")
    arguments = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}"
    )
    with short_home() as places, short_home() as beside:
        base = beside.home
        shutil.copytree(ROOT / "examples" / "vault", base / "notes")
        model = write_scripted_model(
            base / "endless.gguf",
            [
                "The",
                " rent",
                " of the",
                " **cabin**",
                " is",
                " 640",
                " euros",
                " [1]",
                ".\n\n- ",
                "and",
                " so",
                " on",
                "\n\n",
            ],
            is_endless=True,
        )
        places.config_file.write_text(
            f"[model]\npath = '{model}'\n[answer]\nmax_tokens = {arguments.tokens}\n", encoding="utf-8"
        )
        client = connect(places)
        client.add_root(base / "notes")
        for _ in client.fresh():
            pass
        try:
            asyncio.run(_soak(Paced(places, arguments.tokens_per_s), arguments.questions))
        finally:
            EngineClient(places).stop()
            IndexerClient(places).stop()


async def _soak(backend: Backend, questions: int) -> None:
    app = WatchedApp(backend)
    lags: list[float] = []
    async with app.run_test(size=(120, 40)):
        screen = app.screen
        assert isinstance(screen, AskScreen)
        app.watch_prompt(screen.prompt)
        # the first answer waits for the model.
        await _ask(app, screen, 0)
        print(
            f"\n{'questions':>10}{'MB':>8}{'engine tok/s':>14}{'median ms':>11}{'p95 ms':>8}{'worst ms':>10}",
            flush=True,
        )
        began, first = time.perf_counter(), 0
        for number in range(1, questions + 1):
            typing = asyncio.create_task(_type(app, screen, lags))
            try:
                await _ask(app, screen, number)
            finally:
                typing.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await typing
            if number % REPORT_EVERY == 0 or number == questions:
                _report(number, lags[first:], screen)
                first = len(lags)
        seconds = time.perf_counter() - began
        print(f"\n{questions} questions in {seconds:.0f} s, {len(lags)} letters, all of them:")
        _report(questions, lags, screen)
        await asyncio.sleep(PAUSE_S)
        objects = f"{len(gc.get_objects()):,} objects that Python watches"
        print(f"after {PAUSE_S:.0f} s without a key: {_memory_mb():.0f} MB, {objects}")


def _report(number: int, lags: list[float], screen: AskScreen) -> None:
    ordered = sorted(lags)
    p95 = ordered[int(len(ordered) * 0.95)]
    last = screen.conversation.views[-1].exchange.answer
    pace = last.tokens_per_s if last else 0.0
    median, worst = statistics.median(ordered), ordered[-1]
    megabytes = _memory_mb()
    print(
        f"{number:10}{megabytes:8.0f}{pace:14.0f}{median * 1000:11.1f}{p95 * 1000:8.1f}{worst * 1000:10.1f}",
        flush=True,
    )


def _memory_mb() -> float:
    return float(psutil.Process().memory_info().rss / 1e6)


async def _ask(app: KbApp, screen: AskScreen, number: int) -> None:
    subject = SUBJECTS[number % len(SUBJECTS)]
    await app.ask(ASKED[number // len(SUBJECTS) % len(ASKED)].format(subject))
    while len(screen.conversation.views) <= number or screen.conversation.is_busy:
        await asyncio.sleep(0.02)


async def _type(app: WatchedApp, screen: AskScreen, lags: list[float]) -> None:
    """Type a letter, take it back, and so on, each when it is due."""
    screen.prompt.focus()
    due = time.perf_counter()
    while True:
        due += EVERY_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        key = "backspace" if screen.prompt.text else "x"
        last = screen.conversation.last
        is_streaming = last is not None and last.exchange.stage == "writing"
        app.before = app.rendered = screen.prompt.text
        posted = time.perf_counter()
        app.post_message(events.Key(key, None if key == "backspace" else key))
        while app.drawn_at < posted:
            await asyncio.sleep(0.001)
        if is_streaming:
            lags.append(app.drawn_at - due)


if __name__ == "__main__":
    main()
