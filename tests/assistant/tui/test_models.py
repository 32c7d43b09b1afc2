"""The models screen with real files: what can answer, what cannot, and switching while running."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from textual.app import App
from textual.widgets import OptionList, Static

from assistant.engine.client import EngineClient
from assistant.errors import EngineUnavailableError
from assistant.tui.app import KbApp
from assistant.tui.widgets.library_panels import StoryPane, WorkPanel
from indexer.client import IndexerClient
from tests.assistant.engine.models.ggufs import WORDS, write_head
from tests.assistant.engine.models.programs import needs_bare_machine
from tests.assistant.tui.homes import TINY_READER, Home, until
from tests.homes import short_home
from tests.models.wired_gguf import write_scripted_model

pytestmark = [pytest.mark.anyio, needs_bare_machine]


@pytest.fixture(scope="module")
def shelf() -> Iterator[Home]:
    """Return a home with two models that answer, one that is cut short, and one that finds text."""
    with short_home() as places:
        folder = places.models_dir
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tiny_reader.gguf").write_bytes(TINY_READER.read_bytes())
        whole = write_scripted_model(folder / "[red]scripted.gguf", ["Hello", " there"])
        (folder / "cut.gguf").write_bytes(whole.read_bytes()[:2000])
        write_head(
            folder / "finder.gguf",
            {"general.architecture": "nomic-bert", "nomic-bert.pooling_type": 1, **WORDS},
        )
        yield Home(places, places.home.with_name("nothing"))
        EngineClient(places).stop()
        IndexerClient(places).stop()


def lines(app: App[None]) -> list[str]:
    """Return the lines of the list."""
    options = app.screen.query_one(OptionList)
    return [str(options.get_option_at_index(place).prompt) for place in range(options.option_count)]


def engine_line(app: App[None]) -> str:
    """Return what is said of whoever answers."""
    panel = app.screen.query_one(WorkPanel)
    return " ".join(str(part.render()) for part in panel.query(Static))


def story(app: App[None]) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(app.screen.query_one("#story", Static).content)
    return capture.get()


def said_in_notifications(app: KbApp) -> str:
    return "\n".join(str(note.message) for note in app._notifications)


def configured(home: Home) -> str:
    """Return what the config file says."""
    said = tomllib.loads(home.places.config_file.read_text(encoding="utf-8"))
    return Path(str(said.get("model", {}).get("path", ""))).name


async def until_tried(app: KbApp) -> None:
    """Wait until the list is there, and nothing more is found out."""
    await until(lambda: len(lines(app)) >= 3, "models are listed")
    await until(
        lambda: "looking" not in str(app.screen.query_one("#models-left").border_subtitle), "all are tried"
    )


async def test_models_are_listed_with_what_is_known_of_them(shelf: Home) -> None:
    """Name, size, whether it fits and loads; what cannot answer only on demand."""
    app = shelf.app(has_model=False)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("f6")
        await until_tried(app)
        listed = lines(app)
        assert listed[0].split()[0] == "[red]scripted"
        assert any("tiny_reader" in line and "CPU" in line and "Q8_0" in line for line in listed)
        assert "cut" in listed[-1]
        assert "broken" in listed[-1]
        assert "1 more cannot answer" in str(app.screen.query_one("#models-left").border_subtitle)
        await pilot.press("a")
        assert any("embedding" in line for line in lines(app))
        await pilot.press("a")
        assert len(lines(app)) == len(listed)


async def test_all_that_is_known_of_one_stands_beside_the_list(shelf: Home) -> None:
    """As `kb models info` tells it; of a broken one the reason."""
    app = shelf.app(has_model=False)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("f6")
        await until_tried(app)
        assert "chat template" in story(app)
        await pilot.press("end")
        await until(lambda: "is cut short" in story(app), "the reason is told")
        assert "cut" in str(app.screen.query_one(StoryPane).border_title)


async def test_a_model_is_taken_loaded_switched_and_unloaded(shelf: Home) -> None:
    """Enter takes one, and it is loaded at once; another replaces it while running; `x` frees the memory."""
    app = shelf.app(has_model=False)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("f6")
        await until_tried(app)
        assert "no model answers" in engine_line(app)
        place = next(number for number, line in enumerate(lines(app)) if "tiny_reader" in line)
        await pilot.press(*["down"] * place, "enter")
        await until(lambda: app.engine_state.kind == "ready", "it is loaded")
        assert str(app.engine_state.said["model"]).endswith("tiny_reader.gguf")
        await until(lambda: "is loaded" in engine_line(app), "it is said")
        assert configured(shelf) == "tiny_reader.gguf"
        assert lines(app)[place].startswith("● tiny_reader")
        assert "answered by tiny_reader from now on" in said_in_notifications(app)
        assert app.backend.model_name.endswith("tiny_reader.gguf")

        await pilot.press("home", "u")
        await until(lambda: configured(shelf) == "[red]scripted.gguf", "the config names the other one")
        await until(
            lambda: app.engine_state.kind == "ready" and "scripted" in str(app.engine_state.said["model"]),
            "the other one is loaded",
        )
        await pilot.press("x")
        await until(lambda: app.engine_state.kind == "asleep", "it is unloaded")
        with pytest.raises(EngineUnavailableError):
            EngineClient(shelf.places).status()
        await until(lambda: "is not loaded" in engine_line(app), "it is said")
        await pilot.press("l")
        await until(lambda: app.engine_state.kind == "ready", "it is loaded again")


async def test_what_cannot_answer_is_refused_in_a_sentence(shelf: Home) -> None:
    """A broken file changes nothing: neither the config nor the model that answers."""
    app = shelf.app()
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("f6")
        await until_tried(app)
        await pilot.press("end", "enter")
        await until(lambda: "cut does not load" in said_in_notifications(app), "it is refused")
        assert configured(shelf) == "tiny_reader.gguf"


async def test_without_models_the_screen_says_how_to_get_one(empty_home: Home) -> None:
    """The command, the folder, and where was looked; a file that is put there shows after `r`."""
    app = empty_home.app(has_model=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f6")
        said = app.screen.query_one("#models-said", Static)
        await until(lambda: "kb models pull" in str(said.render()), "it is said")
        assert str(empty_home.places.models_dir) in str(said.render())
        await pilot.press("enter", "u", "x", "l")
        await until(lambda: "no model is chosen yet" in said_in_notifications(app), "it is said")
        empty_home.places.models_dir.mkdir(parents=True, exist_ok=True)
        write_scripted_model(empty_home.places.models_dir / "new.gguf", ["Hi"])
        await pilot.press("r")
        await until(lambda: len(lines(app)) == 1 and "CPU" in lines(app)[0], "it is listed")
        assert not app.screen.query_one("#models-none").display


async def test_a_model_server_is_said_to_answer(shelf: Home) -> None:
    """And that none of the list is asked; a remote one by its mark."""
    app = shelf.app(has_model=False)
    app.backend.settings = app.backend.settings.model_copy(
        update={
            "model": app.backend.settings.model.model_copy(
                update={"url": "http://models.example.org/v1", "allow_remote": True}
            )
        }
    )
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("f6")
        await until(lambda: "REMOTE MODEL" in engine_line(app), "it is said")
        assert "none below is asked" in engine_line(app)
