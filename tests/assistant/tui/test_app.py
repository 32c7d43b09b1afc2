"""The app around its screens: going from one to another, help, palette, themes, keys and quitting."""

import os
import pty

import pytest
from textual import events
from textual.command import CommandList
from textual.filter import ANSIToTruecolor
from textual.widgets import Static

from assistant.tui.app import KbApp, is_hung_up
from assistant.tui.backend import Backend
from assistant.tui.commands import Palette
from assistant.tui.screens import MODES
from assistant.tui.screens.help import HelpScreen
from assistant.tui.themes import theme_name
from indexer.client import connect
from indexer.errors import UsageError
from tests.assistant.tui.asking import asked
from tests.assistant.tui.homes import Home, until

pytestmark = pytest.mark.anyio


def status(app: KbApp) -> str:
    """Return what the status line says."""
    return " ".join(str(part.render()) for part in app.screen.query("StatusLine Static").results(Static))


async def until_mode(app: KbApp, mode: str) -> None:
    """Wait until one of the five screens is shown."""
    await until(lambda: app.current_mode == mode, f"{mode} is shown")


async def test_every_screen_has_its_key(home: Home) -> None:
    """F2 to F6 show the five screens."""
    app = home.app()
    async with app.run_test() as pilot:
        assert app.current_mode == "ask"
        for key, mode in (
            ("f3", "search"),
            ("f4", "conversations"),
            ("f5", "library"),
            ("f6", "models"),
            ("f2", "ask"),
        ):
            await pilot.press(key)
            await until_mode(app, mode)


async def test_a_name_in_the_bar_can_be_clicked(home: Home) -> None:
    """The mouse goes from screen to screen too."""
    app = home.app()
    async with app.run_test(size=(100, 30)) as pilot:
        bar = app.screen.query_one("ModeBar")
        shown = str(bar.render())
        await pilot.click("ModeBar", offset=(shown.index("Library") + 2, 0))
        await until_mode(app, "library")


async def test_the_bar_names_the_keys_of_the_config(home: Home) -> None:
    """Also where one was taken away."""
    app = home.app(more='[tui.keys]\n"app.library" = "ctrl+b,f5"\n"app.models" = ""\n')
    async with app.run_test(size=(120, 30)) as pilot:
        shown = str(app.screen.query_one("ModeBar").render())
        assert "Search F3" in shown
        assert "Library Ctrl+B" in shown
        assert "F6" not in shown
        await pilot.press("ctrl+b")
        await until_mode(app, "library")


async def test_a_fault_of_the_app_is_told_in_one_sentence(home: Home) -> None:
    """With its place in the code, and without what the variables hold."""
    app = home.app()
    secret = "the rent is 640 euros"

    def fail() -> None:
        assert len(secret) == 0, secret

    async def run() -> None:
        async with app.run_test() as pilot:
            app.call_later(fail)
            await pilot.pause()

    with pytest.raises(AssertionError):
        await run()
    assert app.failure is not None
    place = "tests/assistant/tui/test_app.py, line"
    assert app.failure.message.startswith(f"the app failed and was closed: AssertionError in {place}")
    assert "app.log" in app.failure.hint
    assert secret not in app.failure.message + app.failure.hint


async def test_the_status_line_says_how_the_index_is(home: Home) -> None:
    """Files and how current they are, and what answers."""
    app = home.app()
    async with app.run_test(size=(120, 30)):
        await until(lambda: "current as of now" in status(app), "the index is known")
        assert "files" in status(app)
        assert "tiny" in status(app)


async def test_a_daemon_that_goes_away_comes_back(empty_home: Home) -> None:
    """The app starts another one by itself, and says meanwhile that it is gone."""
    app = empty_home.app(has_model=False)
    async with app.run_test(size=(120, 30)):
        await until(lambda: app.index_state.is_known, "the daemon is there")
        first = app.index_state.said["pid"]
        connect(empty_home.places).stop()
        await until(
            lambda: not app.index_state.error and app.index_state.said["pid"] != first, "another one is there"
        )


async def test_help_lists_the_keys_of_the_screen(home: Home) -> None:
    """F1 shows what works here, made from the bindings; Esc closes it."""
    app = home.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f1")
        await until(lambda: isinstance(app.screen, HelpScreen), "help is shown")
        text = app.export_screenshot()
        assert "Leave" in text
        assert "Ctrl+Q" in text
        assert "app.quit" in text
        # a text area has other uses for this one.
        assert "ask.private" in text
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, HelpScreen), "help is closed")


async def test_the_palette_does_what_keys_do(home: Home) -> None:
    """Ctrl+P, the name of an action, Enter."""
    app = home.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"Library")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await until_mode(app, "library")


async def test_the_palette_finds_what_letters_do_elsewhere(home: Home) -> None:
    """From the prompt, in which they are letters: all of it has a name."""
    app = home.app(has_model=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await asked(app, "How much is the rent of the cabin?")
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, Palette), "it is open")
        await pilot.press(*"Copy answer")
        listed = app.screen.query_one(CommandList)
        await until(
            lambda: listed.option_count == 1 and "Copy answer" in str(listed.options[0].prompt), "it is found"
        )
        await pilot.press("enter")
        await until(lambda: "640 euros" in app.clipboard, "it is done")


async def test_two_presses_of_ctrl_c_quit(home: Home) -> None:
    """One says so, the second ends the app."""
    app = home.app()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+c")
        assert app.is_running
        await pilot.press("ctrl+c")
        await until(lambda: not app.is_running, "the app has ended")
    assert app.return_code == 0


async def test_keys_can_be_changed(home: Home) -> None:
    """`[tui] keys` names an action and what does it."""
    app = home.app(more="[tui]\nkeys = { 'app.library' = 'ctrl+b' }\n")
    async with app.run_test() as pilot:
        await pilot.press("f5")
        assert app.current_mode == "ask"
        await pilot.press("ctrl+b")
        await until_mode(app, "library")


async def test_keys_that_cannot_work_are_said(home: Home) -> None:
    """The app opens all the same."""
    app = home.app(more="[tui]\nkeys = { 'app.hlep' = 'f9' }\n")
    async with app.run_test(notifications=True):
        await until(lambda: bool(app._notifications), "it is said")
        said = [each.message for each in app._notifications]
        assert said == ["[tui] keys: nothing is called 'app.hlep'; did you mean 'app.help'?"]


async def test_a_config_that_does_not_hold_ends_the_app(home: Home) -> None:
    """The sentence is that of every command; it is said when the terminal is as it was."""
    home.app()
    home.places.config_file.write_text("[tui]\ntheme = 'plaid'\n", encoding="utf-8")
    app = KbApp(Backend(home.places))
    async with app.run_test():
        await until(lambda: not app.is_running, "the app has ended")
    assert app.failure is not None
    assert app.failure.message == "[tui] theme = 'plaid' is no theme"


@pytest.mark.parametrize("name", ["dark", "light", "contrast", "terminal", "terminal-light", "nord"])
async def test_themes_can_be_chosen(home: Home, name: str) -> None:
    """Ours by short names, and those of Textual."""
    app = home.app(more=f"[tui]\ntheme = '{name}'\n")
    async with app.run_test():
        assert app.theme == theme_name(name)


def test_there_is_no_theme_of_that_name() -> None:
    """What is no theme is told apart."""
    assert theme_name("plaid") is None


def test_a_terminal_that_is_gone_is_noticed() -> None:
    """Without a signal, reading on for ever would be all that an app does."""
    parent, child = pty.openpty()
    try:
        assert not is_hung_up(child)
        os.close(parent)
        assert is_hung_up(child)
    finally:
        os.close(child)


@pytest.mark.parametrize("mode", list(MODES))
async def test_the_palette_opens_on_every_screen(home: Home, mode: str) -> None:
    """Whatever keys it names, also where one of them is a sign of markup; and paging at once does no harm."""
    app = home.app(has_model=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await app.switch_mode(mode)
        await pilot.pause()
        app.post_message(events.Key("ctrl+p", None))
        app.post_message(events.Key("pagedown", None))
        await until(lambda: isinstance(app.screen, Palette), "it is open")
        listed = app.screen.query_one(CommandList)
        await until(lambda: listed.option_count > 5, "everything is listed")
        said = "\n".join(str(listed.get_option_at_index(at).prompt) for at in range(listed.option_count))
        assert "[f1]" in said


async def test_a_file_name_that_is_no_text_can_be_copied_and_said(home: Home) -> None:
    """What cannot be written, and what could drive a terminal, is left out."""
    app = home.app(has_model=False)
    async with app.run_test(size=(120, 40)) as pilot:
        app.copy_to_clipboard("notes/bad\udcff\x1b[2J.md")
        assert app.clipboard == "notes/bad\ufffd.md"
        app.report(UsageError("\x1b[2J\u202e[bold]x.md[/] is not there", hint="\x9b2Jtry again"))
        await pilot.pause()
        assert [notice.message for notice in app._notifications] == ["[bold]x.md[/] is not there\ntry again"]


@pytest.mark.parametrize("width", [50, 30, 12, 3, 1])
async def test_a_window_may_become_as_narrow_as_it_likes(home: Home, width: int) -> None:
    """While sources stand beside an answer."""
    app = home.app(has_model=False)
    async with app.run_test(size=(120, 30)) as pilot:
        await asked(app, "How much is the rent of the cabin?")
        await pilot.resize_terminal(width, 24)
        await pilot.pause(0.2)
        await pilot.resize_terminal(120, 30)
        await pilot.pause()
        assert app.is_running


@pytest.mark.parametrize(
    ("theme", "converts"), [("dark", True), ("terminal", False), ("terminal-light", False)]
)
async def test_the_colours_of_the_terminal_are_left_to_it(home: Home, theme: str, converts: bool) -> None:
    """From the first frame on; and a theme of other colours that is taken later has its own."""
    app = home.app(has_model=False, more=f"[tui]\ntheme = '{theme}'\n")
    async with app.run_test(size=(80, 24)) as pilot:
        (filtering,) = [one for one in app._filters if isinstance(one, ANSIToTruecolor)]
        assert filtering.enabled == converts
        app.theme = "kb-light"
        await pilot.pause()
        (filtering,) = [one for one in app._filters if isinstance(one, ANSIToTruecolor)]
        assert filtering.enabled
