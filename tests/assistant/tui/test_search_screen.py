"""The Search screen, driven by keys, over a real daemon."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from textual.widgets import Static

from assistant.tui.app import KbApp
from assistant.tui.screens.search import SearchScreen
from assistant.tui.widgets.passage_view import PassageText, PassageView
from indexer.client import connect
from tests.assistant.tui.homes import Home, noting_editor, until

pytestmark = pytest.mark.anyio

WORDS = ("apple", "barometer", "cinnamon", "dragonfly", "elevator")
KEYS = {" ": "space", ":": "colon", '"': "quotation_mark", "-": "minus", "/": "slash"}


async def opened(app: KbApp) -> SearchScreen:
    """Show the Search screen."""
    await app.switch_mode("search")
    await until(lambda: isinstance(app.screen, SearchScreen) and app.screen.is_mounted, "it is shown")
    screen = cast("SearchScreen", app.screen)
    await until(lambda: bool(screen.query("SearchBox")) and screen.box.has_focus, "one can type")
    return screen


def typed(text: str) -> list[str]:
    """Return the keys for a text."""
    return [KEYS.get(letter, letter) for letter in text]


def line(screen: SearchScreen) -> str:
    """Return what is said of the search."""
    return str(screen.query_one("#search-line", Static).render())


def remarks(screen: SearchScreen) -> str:
    """Return how the query was understood."""
    return str(screen.query_one("#search-remarks", Static).render())


def state(screen: SearchScreen) -> str:
    """Return what is shown in place of results; empty where there are some."""
    shown = screen.query_one("#search-state", Static)
    return "" if shown.has_class("-hidden") else str(shown.render())


def previewed(screen: SearchScreen) -> str:
    """Return the name of the file in the preview, as it is drawn."""
    return " ".join(screen.query_one(PassageText).line_texts[:1])


def names(screen: SearchScreen) -> list[str]:
    """Return the names of the files that are listed."""
    return [passage.path.name for passage in screen.results.passages]


async def test_results_come_while_one_types(home: Home) -> None:
    """No key but those of the words; the words are marked, the best passage is shown beside."""
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        assert "Type what you look for" in state(screen)
        await pilot.press(*typed("rent cabin"))
        await until(lambda: names(screen)[:1] == ["cabin.md"], "the note is found")
        assert state(screen) == ""
        assert re.search(r"\d+ passages? in \d+ files? · \d+ ms · index current as of", line(screen))
        first = screen.results.passages[0]
        label = "\n".join(line.plain for line in (screen.results.head(first), screen.results.sentence(first)))
        assert label.startswith("cabin.md  notes/home · lines")
        assert "The rent of the cabin is 640 euros" in label
        await until(lambda: "notes/home/cabin.md" in previewed(screen), "it is shown")
        assert screen.box.has_focus


async def test_what_is_found_while_the_app_is_left_is_no_failure(home: Home) -> None:
    """Its widgets are gone by then, and nobody waits for it any more."""
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        found = await asyncio.to_thread(connect(home.places).search, "cabin")

        async def find_late(text: str, *, top_k: int) -> object:
            while screen.query("#search-line"):
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.001)
            return found

        screen._live.find = find_late  # type: ignore[assignment,method-assign]
        await pilot.press("c")
    assert app.failure is None


async def test_the_words_are_marked(home: Home) -> None:
    """In bold and underlined, not by colour alone."""
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("renting"))
        await until(lambda: "cabin.md" in names(screen), "the note is found")
        label = screen.results.sentence(screen.results.passages[names(screen).index("cabin.md")])
        marked = {
            label.plain[span.start : span.end] for span in label.spans if "underline" in str(span.style)
        }
        assert marked == {"rent"}


async def test_the_preview_follows_the_list(home: Home) -> None:
    """Up and down in the box, and in the list itself."""
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("the next meeting"))
        await until(lambda: len(screen.results.passages) > 2, "several are found")
        await pilot.press("down")
        second, third = screen.results.passages[1:3]
        await until(lambda: second.path.name in previewed(screen), "the second is shown")
        await pilot.press("tab", "down")
        assert screen.results.has_focus
        await until(lambda: third.path.name in previewed(screen), "the third is shown")
        await pilot.press("escape")
        assert screen.box.has_focus
        await pilot.press("up", "up", "up")
        assert screen.results.highlighted == 0


async def test_filters_are_completed_and_hold(home: Home) -> None:
    """What Tab writes is searched in, and it is said."""
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("meeting in:wo"))
        await until(lambda: screen.box.suggestion == "rk/", "the folder is offered")
        await pilot.press("tab")
        assert screen.box.text == "meeting in:work/"
        await until(lambda: "only files in “work/”" in remarks(screen), "it is said")
        assert {passage.path.parts[-2] for passage in screen.results.passages} <= {"work", "meetings"}


@pytest.mark.parametrize(
    ("text", "offered"), [("x type:mark", "down "), ("x since:yes", "terday "), ("x exclude:rec", "ipes/")]
)
async def test_every_filter_is_completed(home: Home, text: str, offered: str) -> None:
    """Kinds, dates and places."""
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed(text))
        await until(lambda: screen.box.is_completing, "something is offered")
        await pilot.press("tab")
        assert screen.box.text == text + offered


async def test_what_is_half_typed_empties_nothing(home: Home) -> None:
    """Results stay while the name of a folder is not finished."""
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("rent"))
        await until(lambda: "cabin.md" in names(screen), "the note is found")
        await pilot.press(*typed(" in:hom"))
        await until(lambda: "called “hom”" in remarks(screen), "it was searched")
        assert "cabin.md" in names(screen)
        assert state(screen) == ""


async def test_nothing_found_is_a_sentence(home: Home) -> None:
    """With what may help."""
    app = home.app()
    async with app.run_test() as pilot:
        screen = await opened(app)
        await pilot.press(*typed('"no such words anywhere" '))
        await until(lambda: "Nothing found" in state(screen), "it is said")
        assert "nothing found" in line(screen)


async def test_only_filters_are_explained(home: Home) -> None:
    """There is nothing to search for in them."""
    app = home.app()
    async with app.run_test() as pilot:
        screen = await opened(app)
        await pilot.press(*typed("type:md "))
        await until(lambda: "only filters" in state(screen), "it is said")


async def test_emptying_the_box_empties_the_list(home: Home) -> None:
    """Escape does it, and the invitation is there again."""
    app = home.app()
    async with app.run_test() as pilot:
        screen = await opened(app)
        await pilot.press(*typed("rent"))
        await until(lambda: "cabin.md" in names(screen), "the note is found")
        await pilot.press("escape")
        await until(lambda: "Type what you look for" in state(screen), "it is empty")
        assert screen.box.text == ""
        assert names(screen) == []
        assert line(screen) == ""


async def test_a_query_that_was_typed_over_is_never_drawn(home: Home) -> None:
    """However fast one types, what is shown is what stands in the box."""
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        for letter in "boiler pressure":
            screen.box.insert(letter)
            await asyncio.sleep(0)
        await until(lambda: names(screen)[:1] == ["boiler.md"], "the last is found")
        await pilot.press("escape")
        for query in ("rent", "soup", "boiler"):
            screen.box.set_text(query)
            await asyncio.sleep(0)
        await until(lambda: names(screen)[:1] == ["boiler.md"], "the last is found")
        await app.workers.wait_for_complete()
        assert names(screen)[0] == "boiler.md"


async def test_enter_opens_the_file_at_the_sentence(home: Home, tmp_path: Path) -> None:
    """In the program that the config names."""
    seen, config = noting_editor(tmp_path)
    app = home.app(more=config)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("rent cabin"))
        await until(lambda: names(screen)[:1] == ["cabin.md"], "the note is found")
        await pilot.press("enter")
        await until(lambda: seen.exists() and bool(seen.read_text()), "it is opened")
        assert seen.read_text() == f"7 {home.notes / 'home' / 'cabin.md'}\n"


async def test_y_copies_the_path(home: Home) -> None:
    """From the list; in the box it is a letter."""
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("cabin key"))
        await until(lambda: names(screen)[:1] == ["cabin.md"], "the note is found")
        await pilot.press("tab", "y")
        assert app.clipboard == str(home.notes / "home" / "cabin.md")
        assert screen.box.text == "cabin key"


async def test_o_shows_more_of_what_stands_around(empty_home: Home, tmp_path: Path) -> None:
    """Each time some more, until one moves to another passage."""
    notes = tmp_path / "notes"
    notes.mkdir()
    sections = [f"# Part {number}\n\n{WORDS[number]} " + "lorem ipsum " * 150 for number in range(5)]
    (notes / "book.md").write_text("\n\n".join(sections), encoding="utf-8")
    client = connect(empty_home.places)
    client.add_root(notes)
    for _ in client.fresh(under=[notes]):
        pass
    app = empty_home.app(has_model=False)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed(WORDS[2]))
        await until(lambda: bool(screen.results.passages), "it is found")
        shown = screen.query_one(PassageView)
        await until(lambda: shown.passage is not None and WORDS[2] in shown.passage.text, "it is shown")
        assert shown.passage is not None
        before = len(shown.passage.text)
        await pilot.press("tab", "o")
        await until(lambda: shown.passage is not None and len(shown.passage.text) > before, "there is more")
        once = len(shown.passage.text)
        await pilot.press("o")
        await until(
            lambda: shown.passage is not None and len(shown.passage.text) > once, "there is still more"
        )


async def test_a_click_shows_and_a_second_one_opens(home: Home, tmp_path: Path) -> None:
    """The mouse does what the keys do."""
    seen, config = noting_editor(tmp_path)
    app = home.app(more=config)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("the next meeting"))
        await until(lambda: len(screen.results.passages) > 1, "several are found")
        await pilot.click("ResultList", offset=(5, 3))
        assert screen.results.highlighted == 1
        assert not seen.exists()
        await pilot.click("ResultList", offset=(5, 3), times=2)
        await until(seen.exists, "it is opened")


async def test_what_is_selected_in_the_box_is_copied(home: Home) -> None:
    """Ctrl+C copies it, and is no first press to quit."""
    app = home.app()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("cabin key"), "ctrl+shift+left", "ctrl+c")
        assert app.clipboard == "key"
        assert screen.box.text == "cabin key"
        await pilot.press("end", "ctrl+c")
        assert app.is_running


async def test_the_words_can_be_asked(home: Home) -> None:
    """Ctrl+A goes to the Ask screen with them."""
    app = home.app()
    asked: list[str] = []

    async def ask(question: str) -> None:
        asked.append(question)

    app.ask = ask  # type: ignore[method-assign]
    async with app.run_test(size=(140, 40)) as pilot:
        await opened(app)
        await pilot.press("ctrl+a")
        assert asked == []
        await pilot.press(*typed("who is the landlord in:home"), "ctrl+a")
        assert asked == ["who is the landlord in:home"]


async def test_a_daemon_that_goes_away_is_said_and_waited_for(empty_home: Home, tmp_path: Path) -> None:
    """The search is made again by itself."""
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "cabin.md").write_text("The rent of the cabin is 640 euros.", encoding="utf-8")
    client = connect(empty_home.places)
    client.add_root(notes)
    for _ in client.fresh(under=[notes]):
        pass
    app = empty_home.app(has_model=False)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("rent"))
        await until(lambda: names(screen) == ["cabin.md"], "the note is found")
        empty_home.places.config_file.write_text("[nonsense]\n", encoding="utf-8")
        client.stop()
        await pilot.press("s")
        await until(lambda: state(screen).startswith("✗"), "it is said")
        empty_home.places.config_file.write_text("", encoding="utf-8")
        await until(lambda: names(screen) == ["cabin.md"], "it is found again")


async def test_without_folders_it_says_where_to_add_one(empty_home: Home) -> None:
    """Nothing can be found then."""
    app = empty_home.app(has_model=False)
    async with app.run_test() as pilot:
        screen = await opened(app)
        await until(lambda: app.index_state.is_known, "the daemon is there")
        await pilot.press(*typed("rent"))
        await until(lambda: "No folder is indexed yet" in state(screen), "it is said")


async def test_files_that_are_indexed_meanwhile_are_found(empty_home: Home, tmp_path: Path) -> None:
    """The search is made again when there is more to find."""
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("The rent of the cabin.", encoding="utf-8")
    client = connect(empty_home.places)
    client.add_root(notes)
    for _ in client.fresh(under=[notes]):
        pass
    app = empty_home.app(has_model=False)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("rent"))
        await until(lambda: names(screen) == ["a.md"], "the note is found")
        (notes / "b.md").write_text("The rent of the flat is much higher.", encoding="utf-8")
        await until(lambda: sorted(names(screen)) == ["a.md", "b.md"], "the other one is found too")


@pytest.mark.parametrize(("width", "is_below"), [(80, True), (140, False)])
async def test_list_and_preview_find_room(home: Home, width: int, *, is_below: bool) -> None:
    """Side by side where it is wide, else one below the other."""
    app = home.app()
    async with app.run_test(size=(width, 24)) as pilot:
        screen = await opened(app)
        await pilot.press(*typed("rent"))
        await until(lambda: "cabin.md" in names(screen), "the note is found")
        await pilot.pause()
        listed, preview = screen.results.region, screen.query_one(PassageView).region
        assert (preview.y >= listed.bottom) is is_below
        assert (preview.x >= listed.right) is not is_below
        assert listed.height > 4
        assert preview.height > 4


async def test_a_long_paste_is_one_line(home: Home) -> None:
    """Cut to what somebody could have typed, without what drives a terminal."""
    app = home.app()
    async with app.run_test() as pilot:
        screen = await opened(app)
        app.copy_to_clipboard("rent\x1b[2J\nof\tthe cabin " * 10_000)
        await pilot.press("ctrl+v")
        await until(lambda: bool(screen.box.text), "it is pasted")
        assert screen.box.text.startswith("rent of the cabin rent of")
        assert len(screen.box.text) == 2_000
        assert screen.box.document.line_count == 1
