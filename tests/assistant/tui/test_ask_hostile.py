"""What models write, files hold and links say can do nothing on the Ask screen."""

import pytest
from rich.style import Style
from textual.widget import Widget
from textual.widgets import OptionList

from assistant.engine.types import Delta
from assistant.terminal import plain_line
from assistant.tui.widgets.dialogs import Confirm
from assistant.tui.widgets.exchange import ExchangeView
from tests.assistant.tui.asking import asked, scripted, shown, until_over, views
from tests.assistant.tui.homes import Home, until
from tests.fakes import make_passage

pytestmark = pytest.mark.anyio

SIZE = (140, 40)

HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\ \u202eesrever\u2066 \x9b31m"
    " [red]markup[/red] [@click=app.quit]quit[/] [link=http://evil.example]x[/link] <script>alert(1)</script>"
    " [a](http://evil.example) ![b](http://evil.example/b.png) &#x202e;entity {{7*7}} $primary [1]"
)


async def test_what_a_model_writes_is_only_text(home: Home) -> None:
    """Sequences are gone, markup stands there as it was written, and no link can be followed by itself."""
    home.app()
    pieces = [HOSTILE[at : at + 3] for at in range(0, len(HOSTILE), 3)]
    app = scripted(home, [Delta("thinking", HOSTILE), *pieces])
    async with app.run_test(size=(200, 50)) as pilot:
        await app.ask("How much is [red]the rent[/red] \x1b[31mof the cabin?")
        await until_over(app, 1)
        await pilot.press("ctrl+t")
        view = views(app)[0]
        assert_is_only_text(view)
        drawn = " ".join(shown(app).split())
        for text in (
            "[red]markup[/red]",
            "[@click=app.quit]quit[/]",
            "<script>alert(1)</script>",
            "$primary",
        ):
            assert text in drawn
        assert "a (http://evil.example)" in drawn
        assert "[red]the rent[/red] of the cabin?" in drawn
        assert "\x1b]8" not in app.export_screenshot()


def assert_is_only_text(view: ExchangeView) -> None:
    """Check that what is drawn holds nothing that drives a terminal or the app."""
    for y in range(len(view.lines)):
        for text, style, control in view.render_line(y):
            assert not control
            assert not any(ord(char) < 0x20 or char in "\x7f\x9b\u202e\u2066" for char in text)
            drawn = style or Style.null()
            assert drawn.link is None
            assert not any(name.startswith("@") for name in drawn.meta)


@pytest.mark.parametrize(
    "name", ["[red]a[/red].md", "[@click=app.quit]b.md", "c\x1b[2J\u202e.md", "d\x1b]8;;x\x07.md"]
)
async def test_what_files_hold_and_are_called_is_only_text(home: Home, name: str) -> None:
    """In the list of sources, in the passage and below the answer."""
    home.app()
    passage = make_passage(
        f"The rent of the cabin is 640 euros. {HOSTILE}", name=name, headings=("[b]\x1b[1mx",)
    )
    app = scripted(home, ["The rent of the cabin is 640 euros [1]."], passages=[passage])
    async with app.run_test(size=(200, 50)) as pilot:
        await asked(app, "How much is the rent of the cabin?")
        await pilot.press("ctrl+s")
        await pilot.pause()
        for widget in app.screen.query("#sources *").results(Widget):
            for y in range(widget.size.height):
                for text, style, _ in widget.render_line(y):
                    assert not any(ord(char) < 0x20 or char in "\x7f\x9b\u202e\u2066" for char in text)
                    assert style is None or style.link is None
                    assert style is None or not any(key.startswith("@") for key in style.meta)
        listed = str(app.screen.query_one(OptionList).get_option_at_index(0).prompt)
        assert plain_line(name) in listed


async def test_a_link_in_an_answer_is_asked_about(home: Home) -> None:
    """Going to it and Enter shows its target first; nothing is opened without a yes."""
    home.app()
    app = scripted(home, ["The rent is 640 euros [1], see [the site](https://x.example/?q=1)."])
    async with app.run_test(size=SIZE) as pilot:
        await asked(app, "How much is the rent of the cabin?")
        await pilot.press("ctrl+right_square_bracket", "right_square_bracket", "enter")
        await until(lambda: isinstance(app.screen, Confirm), "it is asked")
        await pilot.pause()
        assert "https://x.example/?q=1" in " ".join(str(one.render()) for one in app.screen.query("Static"))
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, Confirm), "it is left alone")
