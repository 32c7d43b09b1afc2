"""Asking in the app: with the real engine, and with answers that are scripted."""

import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, cast

from assistant.config import Settings
from assistant.engine.types import ChatOptions, Delta, Finished, Progress
from assistant.tui.app import KbApp
from assistant.tui.backend import Backend
from assistant.tui.screens.ask import AskScreen
from assistant.tui.widgets.exchange import ExchangeView
from assistant.types import Message
from indexer.client import IndexerClient
from indexer.config import load_settings
from indexer.errors import KbError
from indexer.types import FileText, Passage
from tests.assistant.tui.homes import Home, until
from tests.fakes import FakeGenerator, FakeSearcher, make_passage

RENT = make_passage(
    "The rent of the cabin is 640 euros a month.\nThe key is under the pot.", name="cabin.md", line_start=3
)
CAR = make_passage("The car is grey.\nIts plate is UPL 482.", name="car.md", line_start=1)


class ScriptedWriter(FakeGenerator):
    """Writes scripted pieces; may wait for a sign before each.

    Args:
        pieces: What it writes.
        gate: Waited for before every piece; `None` for no waiting.
        listens: Whether it stops waiting when it is interrupted; one that hangs does not.
    """

    def __init__(
        self,
        pieces: Sequence[str | Delta | Progress],
        *,
        gate: threading.Semaphore | None = None,
        listens: bool = True,
    ) -> None:
        super().__init__(pieces)
        self._gate = gate
        self._listens = listens
        self.is_interrupted = threading.Event()

    def chat(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> Generator[Delta | Progress | Finished, None, None]:
        """Write the script."""
        for piece in super().chat(messages, options):
            while self._gate is not None and not self._gate.acquire(timeout=0.02):
                if self._listens and self.is_interrupted.is_set():
                    return
            yield piece

    def interrupt(self) -> None:
        """Take note of it."""
        self.is_interrupted.set()


class ScriptedBackend(Backend):
    """Finds and writes what it was given; everything else is real.

    Args:
        home: Where history and settings are.
        open_writer: Makes who writes the next answer.
        passages: What every search finds.
        text: What the daemon says a file holds.
    """

    def __init__(
        self,
        home: Home,
        open_writer: Callable[[], FakeGenerator | None],
        *,
        passages: Sequence[Passage] = (RENT, CAR),
        text: Sequence[Passage] = (),
    ) -> None:
        super().__init__(home.places, load_settings(home.places.config_file, Settings))
        self._open_writer = open_writer
        self.searcher = FakeSearcher(passages)
        self._text = text
        self.failing: KbError | None = None
        """Raised in place of a client of the daemon."""

    @property
    def has_model(self) -> bool:
        """Claim that there is one."""
        return True

    def index(self) -> IndexerClient:
        """Return what finds the passages."""
        if self.failing is not None:
            raise self.failing
        return cast("IndexerClient", Found(self.searcher, self._text))

    def writer(self, *, is_private: bool = False) -> Any:  # noqa: ARG002 - as the real one
        """Return who writes the next answer."""
        return self._open_writer()


class Found:
    """The daemon, as far as an answer needs it.

    Args:
        searcher: Finds.
        text: What any file holds.
    """

    def __init__(self, searcher: FakeSearcher, text: Sequence[Passage]) -> None:
        self.search = searcher.search
        self._text = text

    def passages_of(self, path: Path) -> FileText:  # noqa: ARG002 - as the real one
        """Return the same text for every file."""
        return FileText(tuple(self._text), len(self._text))

    def status(self) -> dict[str, Any]:
        """Claim to be idle."""
        raise KbError("nobody looks")


def scripted(home: Home, *answers: Sequence[str | Delta | Progress], **more: Any) -> KbApp:
    """Make an app whose answers are scripted, one after the other; the last one comes again."""
    left = list(answers)
    return KbApp(
        ScriptedBackend(home, lambda: ScriptedWriter(left.pop(0) if len(left) > 1 else left[0]), **more)
    )


def ask_screen(app: KbApp) -> AskScreen:
    """Return the Ask screen."""
    screen = app.screen_stack[0]
    assert isinstance(screen, AskScreen)
    return screen


def views(app: KbApp) -> Sequence[ExchangeView]:
    """Return the questions and answers on the screen."""
    return list(app.screen_stack[0].query(ExchangeView))


def shown(app: KbApp, number: int = -1) -> str:
    """Return what is drawn of one of them, the last unless another is named."""
    return "\n".join(line.rstrip() for line in views(app)[number].line_texts)


async def until_over(app: KbApp, count: int) -> None:
    """Wait until so many answers are there, with the sources of the last, and nothing goes on."""
    await until(
        lambda: bool(
            len(views(app)) == count
            and all(view.exchange.stage in {"done", "failed", "stopped"} for view in views(app))
            and not ask_screen(app).conversation.is_busy
            and ask_screen(app).panel.sources == views(app)[-1].exchange.sources
            and views(app)[-1].lines
        ),
        f"{count} answers are over",
    )


async def asked(app: KbApp, *questions: str) -> None:
    """Ask, and wait for the answers."""
    before = len(views(app))
    for question in questions:
        await app.ask(question)
    await until_over(app, before + len(questions))
