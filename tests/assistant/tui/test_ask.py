"""The Ask screen with a real daemon and engine: answers, their sources, and going through both."""

from pathlib import Path

import pytest
from textual.widgets import OptionList

from assistant.history import History
from assistant.tui.widgets.exchange import ExchangeView
from assistant.tui.widgets.passage_view import PassageText, PassageView
from assistant.tui.widgets.prompt import Prompt
from indexer.client import connect
from tests.assistant.tui.asking import ask_screen, asked, shown, until_over, views
from tests.assistant.tui.homes import Home, noting_editor, until

pytestmark = pytest.mark.anyio

RENT = "How much is the rent of the cabin?"
LANDLORD = "Who is the landlord of the cabin?"
NOWHERE = "Who invented the telescope?"
WIDE = (140, 40)
NARROW = (80, 24)


async def test_a_question_is_answered_with_its_sources(home: Home) -> None:
    """Typed, asked with Enter, answered, and the passage is shown with what bears the answer."""
    app = home.app()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press(*RENT, "enter")
        await until_over(app, 1)
        assert shown(app).startswith(f"❯ {RENT}")
        assert "640 euros a month [1]" in shown(app)
        (source,) = ask_screen(app).panel.sources
        assert source.passage.path == home.notes / "home" / "cabin.md"
        passage = app.screen.query_one(PassageText)
        await until(lambda: bool(passage.lines), "the passage is drawn")
        assert any(line.startswith("▌") and "640" in line for line in passage.line_texts)


async def test_a_line_under_the_answer_says_what_it_took(home: Home) -> None:
    """Model, pace, first token, passages, and how current the index was."""
    app = home.app()
    async with app.run_test(size=WIDE):
        await asked(app, RENT)
        line = shown(app).split("\n\n")[-1].replace("\n", " ")
        assert line.startswith("tiny_reader.gguf · ")
        for part in (" tokens/s · first token ", " · 3 passages · index current as of "):
            assert part in line


async def test_what_the_files_do_not_say_is_not_answered(home: Home) -> None:
    """The nearest passages stand there instead, and can be gone to."""
    app = home.app()
    async with app.run_test(size=WIDE) as pilot:
        await asked(app, NOWHERE)
        assert "not in your files; nearest:" in shown(app)
        assert "[1] notes/" in shown(app)
        panel = ask_screen(app).panel
        assert len(panel.sources) == 3
        await pilot.press("ctrl+right_square_bracket", "right_square_bracket")
        await until(lambda: panel.current is panel.sources[1], "the second one is shown")


async def test_without_a_model_the_files_answer(home: Home) -> None:
    """In their own words, and one line says what adds a model."""
    app = home.app(has_model=False)
    async with app.run_test(size=WIDE):
        assert not app.screen.query_one("#no-model").display
        await asked(app, RENT)
        assert "640 euros" in shown(app)
        assert "in your files' own words" in shown(app)
        line = app.screen.query_one("#no-model")
        assert line.display
        assert "Models screen adds one" in str(line.render())


async def test_follow_ups_are_understood(home: Home) -> None:
    """What was said before belongs to the question, and what it was searched for is said."""
    app = home.app()
    async with app.run_test(size=WIDE):
        await asked(app, LANDLORD, "and of the flat?")
        assert "searched for: " in shown(app)
        assert "landlord" in shown(app).partition("searched for: ")[2].partition("\n")[0]


async def test_an_answer_is_kept_and_can_be_gone_on_with(home: Home) -> None:
    """With its sources as they were cited; what is asked next belongs to the same conversation."""
    app = home.app()
    async with app.run_test(size=WIDE):
        await asked(app, RENT)
    history = History.open(home.places.history_file)
    (conversation,) = history.conversations()
    app = home.app()
    async with app.run_test(size=WIDE):
        await app.resume(conversation.id)
        await until(lambda: len(views(app)) == 1 and "640 euros" in shown(app), "it is shown")
        view = app.screen.query_one(PassageView)
        await until(
            lambda: str(view.border_title).startswith("As it was cited [1] cabin.md"), "its source is shown"
        )
        await asked(app, LANDLORD)
        assert [len(history.turns(one.id)) for one in history.conversations()] == [2]
    history.close()


async def test_more_context_and_the_path(home: Home) -> None:
    """`o` shows what stands around, `y` copies the path."""
    app = home.app()
    async with app.run_test(size=WIDE) as pilot:
        await asked(app, RENT)
        await pilot.press("ctrl+s")
        await until(lambda: isinstance(app.focused, OptionList), "the sources have the focus")
        await pilot.press("y")
        assert app.clipboard == str(home.notes / "home" / "cabin.md")
        await pilot.press("o")
        view = app.screen.query_one(PassageView)
        await until(lambda: "firewood" in (view.passage.text if view.passage else ""), "more is shown")


async def test_a_kept_source_is_shown_in_its_file(home: Home) -> None:
    """Of what was kept only the sentences are known; `o` finds them where they stand now."""
    app = home.app()
    async with app.run_test(size=WIDE):
        await asked(app, RENT)
    app = home.app()
    async with app.run_test(size=WIDE) as pilot:
        await app.resume(1)
        await until(lambda: len(views(app)) == 1, "it is shown")
        await pilot.press("ctrl+s")
        await until(lambda: isinstance(app.focused, OptionList), "the sources have the focus")
        await pilot.press("o")
        view = app.screen.query_one(PassageView)
        await until(lambda: "wifi" in (view.passage.text if view.passage else ""), "its file is shown")


async def test_a_mark_can_be_clicked(home: Home) -> None:
    """It becomes the current one, and its passage is shown."""
    app = home.app()
    async with app.run_test(size=WIDE) as pilot:
        await asked(app, RENT, NOWHERE)
        await pilot.pause()
        view = views(app)[0]
        line, text = next((y, text) for y, text in enumerate(view.line_texts) if "[1]" in text)
        await pilot.click(view, offset=(view.gutter.left + text.index("[1]") + 1, line))
        panel = ask_screen(app).panel
        await until(lambda: panel.sources == view.exchange.sources, "its sources are shown")
        assert view.stop is not None
        assert view.stop.number == 1
        assert app.focused is view


async def test_on_a_narrow_terminal_the_passage_comes_when_it_is_wanted(home: Home) -> None:
    """The sources are listed below the answer; going to one shows it, Esc hides it again."""
    app = home.app()
    async with app.run_test(size=NARROW) as pilot:
        await asked(app, RENT)
        assert "[1] notes/home/cabin.md, line" in shown(app)
        panel = ask_screen(app).panel
        assert not panel.display
        await pilot.press("ctrl+right_square_bracket")
        await until(lambda: panel.display, "the passage is shown")
        view = views(app)[0]
        await until(
            lambda: view.stop is not None and view.stop.line in view.lines_in_view, "the mark is in view"
        )
        await pilot.press("escape")
        await until(lambda: not panel.display, "it is hidden")
        assert isinstance(app.focused, Prompt)


async def test_private_questions_are_not_kept(home: Home) -> None:
    """It is another conversation, and it is said as long as it lasts."""
    app = home.app()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("f7")
        modes = app.screen.query_one("#modes")
        await until(lambda: modes.display, "the mode is shown")
        assert "PRIVATE: nothing of this conversation is kept" in str(modes.render())
        await asked(app, RENT)
        await pilot.press("f7")
        await until(lambda: not views(app), "another conversation begins")
        assert not app.screen.query_one("#modes").display
    assert not home.places.history_file.exists()


async def test_a_new_conversation_is_empty(home: Home) -> None:
    """The one before is kept."""
    app = home.app()
    async with app.run_test(size=WIDE) as pilot:
        await asked(app, RENT)
        await pilot.press("ctrl+n")
        await until(lambda: not app.screen.query(ExchangeView), "it is empty")
        assert app.screen.query_one("#empty").display
        await asked(app, LANDLORD)
    with_both = History.open(home.places.history_file)
    assert len(with_both.conversations()) == 2
    with_both.close()


async def test_a_question_waits_for_what_is_not_there_yet(empty_home: Home) -> None:
    """Asked before the daemon or the engine runs, it says that it waits, and is answered once they do."""
    app = empty_home.app()
    async with app.run_test(size=WIDE):
        await app.ask(RENT)
        await until(lambda: bool(views(app)) and "searching…" in shown(app), "it stands there and waits")
        assert shown(app).startswith(f"❯ {RENT}")
        await until_over(app, 1)
        assert "not in your files" in shown(app)


async def test_a_file_that_is_gone_is_said(home: Home) -> None:
    """Enter on a kept source whose file was deleted since."""
    note = home.notes / "home" / "shed.md"
    note.write_text("# Shed\n\nThe rent of the shed is 25 euros a month.\n")
    client = connect(home.places)
    for _ in client.fresh(under=[home.notes]):
        pass
    app = home.app()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await asked(app, "How much is the rent of the shed?")
        assert ask_screen(app).panel.sources[0].passage.path == note
        note.unlink()
        await pilot.press("ctrl+s")
        await until(lambda: isinstance(app.focused, OptionList), "the sources have the focus")
        await pilot.press("enter")
        await until(lambda: bool(app._notifications), "it is said")
        assert "shed.md is not there any more" in " ".join(note.message for note in app._notifications)
    for _ in client.fresh(under=[home.notes]):
        pass


async def test_a_question_is_edited_with_what_was_pasted_into_it(home: Home) -> None:
    """Its text stands in the prompt as a mark that can be taken out; a draft is among earlier questions."""
    app = home.app(has_model=False)
    async with app.run_test(size=WIDE) as pilot:
        await until(lambda: ask_screen(app).prompt.has_focus, "one can type")
        pasted = "\n".join(f"line {number} of a letter" for number in range(200))
        await ask_screen(app).ask_question(RENT, pasted)
        await until_over(app, 1)
        prompt = ask_screen(app).prompt
        await pilot.press(*"half a draft", "ctrl+l")
        assert prompt.text == f"{RENT} [pasted 200 lines]"
        await pilot.press("end", "backspace", "enter")
        await until_over(app, 2)
        assert views(app)[1].exchange.question.extra == ""
        await pilot.press("up", "up")
        assert prompt.text == "half a draft"


async def test_what_is_asked_instead_of_an_edit_is_a_question_of_its_own(home: Home) -> None:
    """Whoever empties the prompt, or presses Esc, has changed their mind."""
    app = home.app(has_model=False)
    async with app.run_test(size=WIDE) as pilot:
        await asked(app, RENT)
        screen = ask_screen(app)
        for keys in (["ctrl+l", "escape"], ["ctrl+l", "ctrl+u"]):
            await pilot.press(*keys, *"x")
            await until(lambda: screen._edited is None, "it is an edit no more")
            await pilot.press("ctrl+u")


async def test_a_click_on_a_source_shows_it_and_a_second_one_opens_it(home: Home, tmp_path: Path) -> None:
    """With the mouse one can look around as well."""
    seen, config = noting_editor(tmp_path)
    app = home.app(has_model=False, more=config)
    async with app.run_test(size=WIDE) as pilot:
        await asked(app, NOWHERE)
        panel = ask_screen(app).panel
        await until(lambda: len(panel.sources) > 1 and panel.display, "there are several")
        await pilot.pause()
        await pilot.click("SourceList", offset=(5, 4))
        await pilot.pause()
        await until(lambda: panel.current == panel.sources[1], "the second is shown")
        assert not seen.exists()
        await pilot.click("SourceList", offset=(5, 4), times=2)
        await until(seen.exists, "it is opened")
