"""The first run, from nothing to an answer of a model."""

import shutil

import pytest
from textual.widgets import Input, OptionList, Static

from assistant.tui.app import KbApp
from assistant.tui.widgets.dialogs import Choose
from assistant.tui.widgets.folder_picker import PickFolder
from assistant.tui.widgets.welcome import Welcome
from tests.assistant.engine.models.programs import needs_bare_machine
from tests.assistant.tui.asking import shown, until_over
from tests.assistant.tui.homes import TINY_READER, VAULT, Home, until

pytestmark = [pytest.mark.anyio, needs_bare_machine]

RENT = "How much is the rent of the cabin?"


def said(app: KbApp) -> str:
    """Return what the welcome says."""
    return "\n".join(str(part.render()) for part in app.screen.query_one(Welcome).query(Static))


def is_shown(app: KbApp) -> bool:
    return bool(app.screen.query_one(Welcome).display)


async def test_nothing_is_left_out_on_the_way_to_an_answer(empty_home: Home) -> None:
    """Enter adds a folder, Enter chooses a model, and a question is answered by it."""
    empty_home.places.models_dir.mkdir(parents=True, exist_ok=True)
    shutil.copy(TINY_READER, empty_home.places.models_dir)
    app = empty_home.app(has_model=False)
    async with app.run_test(size=(100, 40)) as pilot:
        await until(
            lambda: is_shown(app) and "no folder is indexed yet. Enter adds one." in said(app), "it is said"
        )
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, PickFolder), "the picker is shown")
        app.screen.query_one(Input).value = f"{VAULT}/"
        options = app.screen.query_one(OptionList)
        await until(
            lambda: options.option_count > 1 and str(VAULT) in str(options.options[0].prompt), "it is listed"
        )
        await pilot.press("enter")
        await until(lambda: app.index_state.has_roots, "the folder is there")
        await until(
            lambda: "1 model is on this machine. Enter chooses." in said(app), "the next step is said"
        )
        await until(lambda: "✓ Your files" in said(app), "all is indexed")

        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, Choose), "the models are shown")
        await pilot.press("enter")
        await until(lambda: app.engine_state.kind == "ready", "the model is loaded")
        await until(lambda: not is_shown(app), "nothing is left to say")
        await pilot.press(*RENT, "enter")
        await until_over(app, 1)
        assert "640 euros a month [1]" in shown(app)


async def test_answers_come_before_there_is_a_model(home: Home) -> None:
    """The prompt works all the time, and asking puts the welcome away."""
    app = home.app(has_model=False)
    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: is_shown(app) and "your files' own sentences" in said(app), "it is said")
        await pilot.press(*RENT, "enter")
        await until_over(app, 1)
        assert "640 euros" in shown(app)
        assert not is_shown(app)
        await pilot.press("enter")
        assert app.screen.query_one(Welcome).display is False


async def test_whoever_has_both_is_not_welcomed(home: Home) -> None:
    """Folder and model are there: the screen is as ever."""
    app = home.app()
    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: app.index_state.is_known and app.engine_state.kind != "none", "both are known")
        await pilot.press("enter")
        await pilot.pause()
        assert not is_shown(app)


async def test_without_any_model_the_models_screen_says_how_to_get_one(home: Home) -> None:
    """Enter goes there, and so does F6."""
    app = home.app(has_model=False)
    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: is_shown(app) and "F6 says how to get one" in said(app), "it is said")
        await pilot.click(Welcome, offset=(5, 4))
        await until(lambda: app.current_mode == "models", "the models are shown")


async def test_a_question_without_a_folder_does_not_end_the_lead(empty_home: Home) -> None:
    """There is nothing to ask yet, and Enter adds a folder as before."""
    app = empty_home.app(has_model=False)
    async with app.run_test(size=(100, 40)) as pilot:
        await until(lambda: is_shown(app), "it is said")
        await pilot.press(*RENT, "enter")
        await until_over(app, 1)
        assert is_shown(app)
        assert "no folder is indexed yet. Enter adds one." in said(app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, PickFolder), "the picker is shown")
