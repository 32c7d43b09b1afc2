"""How each screen looks, at three sizes, light and dark; `--snapshot-update` takes new pictures.

Look at what has changed before taking them: `snapshot_report.html` shows both.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from assistant.config import ModelSettings, Settings, TuiSettings
from assistant.tui.app import KbApp
from assistant.tui.screens.search import SearchScreen
from assistant.types import AnswerFinished
from indexer.paths import Places
from tests.assistant.tui.asking import until_over, views
from tests.assistant.tui.frozen import MODEL, FrozenBackend, FrozenIndex, write_history
from tests.assistant.tui.homes import until
from tests.homes import short_home

SIZES = [(80, 24), (120, 40), (200, 60)]
QUESTIONS = ("Who owns the boat?", "When does the night train leave?", "What is the rent of the cabin?")

Steps = Callable[[KbApp, "Pilot[None]"], Awaitable[None]]


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[Places]:
    """Return a home of its own, in a place where clocks show UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    with short_home() as places:
        yield places
    monkeypatch.undo()
    time.tzset()


async def ask_nothing(app: KbApp, pilot: "Pilot[None]") -> None:
    """Show the Ask screen before the first question."""


async def ask(app: KbApp, pilot: "Pilot[None]") -> None:
    """Show an answer with everything that can stand in one, and its sources."""
    await app.ask("What does the cabin cost?")
    await until_over(app, 1)
    view = views(app)[0]
    answer = view.exchange.answer
    assert answer is not None
    # how long it took is another time every time.
    timed = replace(
        answer, timings_ms={"search": 6.0, "first_token": 420.0, "total": 2_100.0}, tokens_per_s=41.7
    )
    view.exchange.take(AnswerFinished(timed), 0.0)
    view.tell(is_final=True)


async def search(app: KbApp, pilot: "Pilot[None]") -> None:
    """Show three results, the first in the preview."""
    await pilot.press("f3")
    await until(lambda: app.current_mode == "search", "the screen is there")
    await pilot.pause()
    await pilot.press(*"rent of the cabin")
    screen = app.screen
    assert isinstance(screen, SearchScreen)
    await until(lambda: screen.shown_for == "rent of the cabin", "the results are there")
    # how long it took is another time every time.
    screen._show_found(FrozenIndex().search("rent of the cabin"), took_ms=6.0)


async def conversations(app: KbApp, pilot: "Pilot[None]") -> None:
    """Show three conversations, the latest in the preview."""
    await pilot.press("f4")
    await until(lambda: "640" in app.export_screenshot(), "the preview is there")


async def library(app: KbApp, pilot: "Pilot[None]") -> None:
    """Show folders, and files of every state."""
    await pilot.press("f5")
    await until(lambda: "damaged" in app.export_screenshot(), "the files are there")


async def models(app: KbApp, pilot: "Pilot[None]") -> None:
    """Show three models, the first of which answers."""
    await pilot.press("f6")
    await until(lambda: "llama-3.3-70b" in app.export_screenshot(), "the models are there")


async def help_(app: KbApp, pilot: "Pilot[None]") -> None:
    """Show the keys of the Ask screen."""
    await pilot.press("f1")


async def palette(app: KbApp, pilot: "Pilot[None]") -> None:
    """Show what the palette finds."""
    await pilot.press("ctrl+p")
    await pilot.pause()
    await pilot.press(*"copy")
    await pilot.pause(0.5)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    "steps",
    [ask_nothing, ask, search, conversations, library, models, help_, palette],
    ids=lambda each: each.__name__,
)
def test_a_screen_looks_as_it_did(
    places: Places, snap_compare: Callable[..., bool], steps: Steps, size: tuple[int, int], theme: str
) -> None:
    """What is drawn is what was looked at and found good."""
    write_history(places, QUESTIONS)
    settings = Settings(model=ModelSettings(path=MODEL), tui=TuiSettings(theme=theme))
    places.config_file.write_text(f"[tui]\ntheme = '{theme}'\n", encoding="utf-8")
    app = KbApp(FrozenBackend(places, settings))

    async def run(pilot: "Pilot[None]") -> None:
        await until(lambda: app.index_state.is_known, "the daemon is known")
        await until(lambda: app.engine_state.kind == "ready", "the engine is known")
        await steps(app, pilot)
        for area in app.screen.query(TextArea):
            area.cursor_blink = False
        for line in app.screen.query(Input):
            line.cursor_blink = False
        # what is drawn a moment later, such as the keys of what has the focus now.
        await pilot.pause(0.3)
        assert app._exception is None

    assert snap_compare(app, terminal_size=size, run_before=run)
