"""The footer of the Ask screen: what matters where one is."""

import gc

import pytest
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from assistant.tui.app import KbApp
from tests.assistant.tui.asking import ask_screen, asked, shown
from tests.assistant.tui.homes import Home, until
from tests.assistant.tui.test_ask import RENT
from tests.assistant.tui.test_ask_scripted import gated

pytestmark = pytest.mark.anyio


def footer(app: KbApp) -> list[str]:
    """Return what the keys in the footer do."""
    return [key.description for key in app.screen.query_one(Footer).query(FooterKey)]


def count_gone() -> int:
    """Return how many keys that no footer shows any more are kept."""
    gc.collect()
    return sum(isinstance(one, FooterKey) and not one.is_attached for one in gc.get_objects())


@pytest.mark.parametrize("width", [80, 140])
async def test_the_footer_follows_the_focus(home: Home, width: int) -> None:
    """From the prompt to an answer and to its sources; all of it can be read at 80 columns."""
    app = home.app()
    async with app.run_test(size=(width, 30)) as pilot:
        await asked(app, RENT)
        await until(
            lambda: footer(app)[:4] == ["Ask", "New line", "New", "Sources"], "only what works in the prompt"
        )
        await pilot.press("shift+tab")
        await until(lambda: {"Open", "Back", "Copy answer", "Ask again"} <= {*footer(app)}, "in an answer")
        assert ("Copy with sources" in footer(app)) == (width > 80)
        await pilot.press("ctrl+s")
        await until(lambda: {"Open", "Back", "More context", "Copy path"} <= {*footer(app)}, "in the sources")
        assert "Copy answer" not in footer(app)
        keys = list(app.screen.query_one(Footer).query(FooterKey))
        assert sum(key.size.width for key in keys) <= width
        await pilot.press("escape")
        await until(lambda: "New line" in footer(app), "in the prompt again")


async def test_stopping_is_offered_while_an_answer_comes(home: Home) -> None:
    """And only then."""
    app, gate = gated(home, "The rent ", "is due.")
    async with app.run_test(size=(140, 40)):
        assert "Stop" not in footer(app)
        await app.ask("How much is the rent?")
        gate.release()
        await until(lambda: "The rent" in shown(app), "it has begun")
        await until(lambda: "Stop" in footer(app), "it can be stopped")
        gate.release(9)
        await until(lambda: not ask_screen(app).is_streaming, "it is over")
        await until(lambda: "Stop" not in footer(app), "there is nothing to stop")


async def test_the_footer_is_made_anew_only_when_it_says_something_else(home: Home) -> None:
    """And nothing is kept of what it said before, however often the focus goes to and fro."""
    app = home.app(has_model=False)
    async with app.run_test(size=(140, 30)) as pilot:
        await asked(app, RENT)
        await until(lambda: not ask_screen(app).is_streaming, "the answer is kept")
        await until(lambda: "Stop" not in footer(app), "nothing can be stopped")
        await pilot.pause(0.1)
        before = list(app.screen.query_one(Footer).query(FooterKey))
        app.screen.refresh_bindings()
        await pilot.pause(0.1)
        assert list(app.screen.query_one(Footer).query(FooterKey)) == before
        del before
        # apps of other tests may have left some.
        gone = count_gone()
        for _ in range(5):
            await pilot.press("shift+tab")
            await until(lambda: "Copy answer" in footer(app), "in the answer")
            await pilot.press("escape")
            await until(lambda: "New line" in footer(app), "in the prompt again")
        await pilot.pause(0.1)
        assert count_gone() - gone < 20
