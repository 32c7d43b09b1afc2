"""The Ask screen with scripted answers: what is shown while they come, stopping, asking again, copying."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.engine.types import Delta, Progress
from assistant.history import History
from assistant.tui.app import KbApp
from assistant.tui.exchange import Exchange
from assistant.tui.widgets.conversation import Conversation
from assistant.tui.widgets.prompt import Prompt
from assistant.types import Question
from indexer.errors import EngineError, IndexerError
from tests.assistant.tui.asking import RENT as RENT_PASSAGE
from tests.assistant.tui.asking import (
    ScriptedBackend,
    ScriptedWriter,
    ask_screen,
    asked,
    scripted,
    shown,
    until_over,
    views,
)
from tests.assistant.tui.homes import Home, until

pytestmark = pytest.mark.anyio

SIZE = (140, 40)
RENT = "The rent of the cabin is 640 euros a month [1]."


def gated(
    home: Home, *pieces: str | Delta | Progress, listens: bool = True
) -> tuple[KbApp, threading.Semaphore]:
    """Make an app whose answer comes piece by piece, each when the semaphore is released."""
    gate = threading.Semaphore(0)
    home.app()
    return KbApp(ScriptedBackend(home, lambda: ScriptedWriter(pieces, gate=gate, listens=listens))), gate


async def test_an_answer_is_drawn_while_it_comes(home: Home) -> None:
    """With its sources as soon as their marks are there."""
    app, gate = gated(home, "The rent of the cabin ", "is 640 euros a month [1]. ", "The car is grey [2].")
    async with app.run_test(size=SIZE):
        await app.ask("How much is the rent of the cabin?")
        await until(lambda: "reading" in shown(app), "it is being read")
        gate.release()
        await until(
            lambda: "The rent of the cabin" in shown(app).partition("\n")[2], "the first words are there"
        )
        gate.release()
        panel = ask_screen(app).panel
        await until(lambda: [one.number for one in panel.sources] == [1], "the first source is listed")
        gate.release(2)
        await until_over(app, 1)
        assert [one.number for one in panel.sources] == [1, 2]


async def test_what_goes_on_before_it_is_shown(home: Home) -> None:
    """Whose turn it is, and how much is read."""
    app, gate = gated(home, Progress(queued=2, read_share=0.0), Progress(queued=0, read_share=0.6), RENT)
    async with app.run_test(size=SIZE):
        await app.ask("How much is the rent?")
        gate.release()
        await until(lambda: "waiting: 2 answers before yours" in shown(app), "the queue is shown")
        gate.release()
        await until(lambda: "reading 60%" in shown(app), "the reading is shown")
        gate.release(2)
        await until_over(app, 1)


@pytest.mark.parametrize("listens", [True, False])
async def test_escape_stops_at_once(home: Home, listens: bool) -> None:
    """Also when the engine does not react; what was written stays, and the next question is answered."""
    app, gate = gated(home, "The rent ", "is due.", listens=listens)
    async with app.run_test(size=SIZE) as pilot:
        await app.ask("How much is the rent?")
        gate.release()
        await until(lambda: "The rent" in shown(app), "it has begun")
        await pilot.press("escape")
        assert views(app)[0].exchange.stage == "stopped"
        assert "stopped; the answer is not complete" in shown(app)
        assert isinstance(app.focused, Prompt)
        gate.release(9)
        await app.ask("And now?")
        await until(lambda: len(views(app)) == 2 and views(app)[1].exchange.stage == "done", "it is answered")
        assert views(app)[0].exchange.stage == "stopped"


async def test_a_stopped_answer_is_not_kept(home: Home) -> None:
    """Nor does the next question lean on it."""
    app, _ = gated(home, "The rent ", "is due.")
    async with app.run_test(size=SIZE) as pilot:
        await app.ask("How much is the rent?")
        await until(lambda: "reading" in shown(app), "it is being read")
        await pilot.press("escape")
    assert not home.places.history_file.exists()


async def test_ctrl_c_stops_the_answer_first(home: Home) -> None:
    """Only the second press leaves."""
    app, _ = gated(home, "never comes")
    async with app.run_test(size=SIZE) as pilot:
        await app.ask("How much is the rent?")
        await until(lambda: "reading" in shown(app), "it is being read")
        await pilot.press("ctrl+c")
        assert app.is_running
        assert views(app)[0].exchange.stage == "stopped"


async def test_thinking_is_folded_and_timed(home: Home) -> None:
    """It is opened by a key or a click."""
    home.app()
    app = scripted(home, [Delta("thinking", "First the lease."), RENT])
    async with app.run_test(size=SIZE) as pilot:
        await asked(app, "How much is the rent?")
        assert "▸ thought for 0." in shown(app)
        assert "First the lease." not in shown(app)
        await pilot.press("ctrl+t")
        assert "▾ thought for" in shown(app)
        assert "│ First the lease." in shown(app)
        await pilot.pause()
        view = views(app)[0]
        line = next(y for y, text in enumerate(view.line_texts) if "▾" in text)
        await pilot.click(view, offset=(6, line))
        assert "First the lease." not in shown(app)


async def test_a_failure_is_said_with_its_remedy_and_tried_again(home: Home) -> None:
    """`r` asks again."""
    home.app()
    backend = ScriptedBackend(home, lambda: ScriptedWriter([RENT]))
    backend.failing = IndexerError("the indexer does not answer", hint="`kb doctor` says why")
    app = KbApp(backend)
    async with app.run_test(size=SIZE) as pilot:
        await asked(app, "How much is the rent?")
        assert "✗ the indexer does not answer" in shown(app)
        assert "`kb doctor` says why" in shown(app)
        assert "Ctrl+G asks the last question again" in shown(app)
        backend.failing = None
        views(app)[0].focus()
        await pilot.press("r")
        await until_over(app, 2)
        assert RENT in shown(app)


async def test_an_engine_that_cannot_start_says_so(home: Home) -> None:
    """And the app goes on."""
    home.app()

    def open_writer() -> ScriptedWriter:
        raise EngineError("the model cannot be loaded", hint="take a smaller one")

    app = KbApp(ScriptedBackend(home, open_writer))
    async with app.run_test(size=SIZE):
        await asked(app, "How much is the rent?")
        assert "✗ the model cannot be loaded" in shown(app)


async def test_questions_wait_for_the_answers_before(home: Home) -> None:
    """They are asked in turn; Esc takes them all back."""
    app, gate = gated(home, RENT)
    async with app.run_test(size=SIZE) as pilot:
        for question in ("One?", "Two?", "Three?"):
            await app.ask(question)
        await until(lambda: len(views(app)) == 3 and "waits for the answer above" in shown(app), "it waits")
        gate.release(2)
        await until(lambda: views(app)[0].exchange.stage == "done", "the first is answered")
        await pilot.press("escape")
        assert [view.exchange.stage for view in views(app)][1:] == ["stopped", "stopped"]


async def test_asking_again_replaces_what_was_said(home: Home) -> None:
    """The next question leans on the new answer, not on both; the history has them all."""
    home.app()
    app = scripted(home, ["The rent is 600 euros [1]."], [RENT])
    async with app.run_test(size=SIZE) as pilot:
        await asked(app, "How much is the rent of the cabin?")
        await pilot.press("ctrl+g")
        await until_over(app, 2)
        talk = ask_screen(app).conversation._talk
        assert talk is not None
        turns = talk.question(views(app)[0].exchange.question).turns
        assert [turn.answer for turn in turns] == [RENT]
    history = History.open(home.places.history_file)
    assert len(history.turns(1)) == 2
    history.close()


async def test_the_last_question_can_be_edited(home: Home) -> None:
    """It stands in the prompt; what is asked then takes its place, with what was pasted to it."""
    home.app()
    app = scripted(home, [RENT])
    async with app.run_test(size=SIZE) as pilot:
        await ask_screen(app).ask_question("How much is the rent?", "a mail\nof two lines")
        await until_over(app, 1)
        assert "+ 2 lines of pasted text" in shown(app)
        await pilot.press("ctrl+l")
        assert app.screen.query_one(Prompt).text == "How much is the rent? [pasted 2 lines]"
        await pilot.press("backspace", *" of the cabin?", "enter")
        await until_over(app, 2)
        question = views(app)[1].exchange.question
        assert (question.text, question.extra) == (
            "How much is the rent of the cabin?",
            "a mail\nof two lines",
        )


CODE = "Run it [1]:\n\n```sh\nmake rent\n```\n\nor so:\n\n```python\nprint(640)\n```\n"


@pytest.mark.parametrize(
    ("key", "copied"),
    [
        ("c", CODE.strip()),
        ("k", "print(640)"),
        ("s", f"{CODE.strip()}\n\n- [1] `/vault/notes/cabin.md`, line 4\n"),
    ],
)
async def test_answers_can_be_copied(home: Home, key: str, copied: str) -> None:
    """As they were written, the code alone, or with their sources."""
    home.app()
    app = scripted(home, [CODE])
    async with app.run_test(size=SIZE) as pilot:
        await asked(app, "How is the key found?")
        views(app)[0].focus()
        await pilot.press(key)
        if key == "s":
            assert app.clipboard.startswith(CODE.strip())
            assert "- [1] `/vault/notes/cabin.md`, line" in app.clipboard
        else:
            assert app.clipboard == copied


async def test_the_end_is_followed_until_somebody_scrolls_up(home: Home) -> None:
    """And again once they are back at the end."""
    app, gate = gated(home, *(f"Line {number}.\n\n" for number in range(60)), "Last.")
    async with app.run_test(size=(100, 24)) as pilot:
        await ask_screen(app)._is_furnished.wait()
        conversation = ask_screen(app).conversation
        await app.ask("How much is the rent?")
        gate.release(30)
        await until(lambda: "Line 29" in shown(app), "half of it is there")
        await until(lambda: conversation.scroll_offset.y == conversation.max_scroll_y > 0, "the end is shown")
        await pilot.press("pageup")
        await pilot.pause()
        at = conversation.scroll_offset.y
        gate.release(20)
        await until(lambda: "Line 49" in shown(app), "more of it is there")
        await pilot.pause()
        assert conversation.scroll_offset.y == at
        conversation.scroll_end(animate=False)
        await pilot.pause()
        gate.release(20)
        await until_over(app, 1)
        await until(
            lambda: conversation.scroll_offset.y == conversation.max_scroll_y, "the end is shown again"
        )


async def test_unsupported_sentences_are_marked(home: Home) -> None:
    """With a sign, and a line that says what it means."""
    home.app()
    app = scripted(home, [f"{RENT} ", "The moon weighs seven pounds on Tuesdays. ", "The car is grey [2]."])
    async with app.run_test(size=SIZE):
        await asked(app, "How much is the rent of the cabin?")
        assert "on Tuesdays. [?]" in " ".join(shown(app).split())
        assert "[?] marks what the passages do not say" in shown(app)


async def test_modes_go_with_the_question(home: Home) -> None:
    """And are said while they are on."""
    home.app()
    app = scripted(home, [RENT])
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f9", "f12")
        said = str(app.screen.query_one("#modes").render())
        assert "strict: " in said
        assert "anything: " in said
        await asked(app, "How much is the rent?")
        question = views(app)[0].exchange.question
        assert (question.is_deep, question.is_strict, question.allows_own_knowledge) == (False, True, True)
        await pilot.press("f9", "f12")
        assert not app.screen.query_one("#modes").display


async def test_a_sentence_of_an_answer_can_be_selected(home: Home) -> None:
    """With the mouse, and copied with Ctrl+C."""
    home.app()
    app = scripted(home, [RENT])
    async with app.run_test(size=SIZE) as pilot:
        await asked(app, "How much is the rent?")
        await pilot.pause()
        view = views(app)[0]
        line = next(y for y, text in enumerate(view.line_texts) if text.startswith("The rent"))
        left = view.gutter.left
        await pilot.mouse_down(view, offset=(left, line))
        await pilot.hover(view, offset=(left + 7, line))
        await pilot.mouse_up(view, offset=(left + 7, line))
        await pilot.press("ctrl+c")
        assert app.clipboard.startswith("The ren")


async def test_each_block_of_code_can_be_copied(home: Home) -> None:
    """The last one in view first, then by the same key the one before, and round again."""
    home.app()
    blocks = "\n\n".join(f"{name} [1]:\n\n```\n{name}\n```" for name in ("one", "two", "three"))
    app = scripted(home, [blocks])
    async with app.run_test(size=SIZE) as pilot:
        await asked(app, "How is the key found?")
        views(app)[0].focus()
        for expected in ("three", "two", "one", "three"):
            await pilot.press("k")
            assert app.clipboard == expected


async def long_talk(app: KbApp, pilot: Pilot[None], exchanges: int) -> Conversation:
    """Ask, and show many exchanges below of which each takes many lines."""
    await asked(app, "How much is the rent?")
    conversation = ask_screen(app).conversation
    await conversation.add(
        Exchange(question=Question(text=f"Question {number}?"), stage="done", text="word " * 60)
        for number in range(exchanges)
    )
    conversation.anchor()
    await pilot.pause()
    return conversation


async def test_only_what_is_near_is_drawn(home: Home) -> None:
    """Whatever is scrolled to is drawn at once; what is far from it is put away again."""
    home.app()
    app = scripted(home, [RENT])
    async with app.run_test(size=(100, 24)) as pilot:
        conversation = await long_talk(app, pilot, 200)
        assert views(app)[-1].lines
        assert not views(app)[1].lines
        conversation.scroll_home(animate=False)
        await pilot.pause()
        first = views(app)[0]
        await until(lambda: first.lines_in_view.start == 0, "the first one is in view")
        assert shown(app, 0).startswith("❯ How much is the rent?")
        assert len([view for view in views(app) if view.lines]) < 100


async def test_what_is_in_view_stays_there_when_the_width_changes(home: Home) -> None:
    """However many lines stand above it then."""
    home.app()
    app = scripted(home, [RENT])
    async with app.run_test(size=(100, 24)) as pilot:
        conversation = await long_talk(app, pilot, 40)
        middle = views(app)[20]
        conversation.scroll_to(y=conversation.top_of(middle), animate=False)
        await pilot.pause()
        for width in (70, 50, 120):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            assert conversation.scroll_y == conversation.top_of(middle)
            assert all(line.cell_length <= width for view in views(app) for line in view.lines)
        assert middle.region.y == conversation.region.y


async def test_an_answer_out_of_view_can_be_gone_to(home: Home) -> None:
    """It is drawn then, and scrolled to."""
    home.app()
    app = scripted(home, [RENT])
    async with app.run_test(size=(100, 24)) as pilot:
        conversation = await long_talk(app, pilot, 40)
        views(app)[3].focus()
        await until(lambda: "Question 2?" in shown(app, 3), "it is drawn")
        await until(lambda: conversation.region.overlaps(views(app)[3].region), "it is in view")
        assert app.focused is views(app)[3]


async def test_enter_on_a_mark_opens_the_file_at_its_line(home: Home, tmp_path: Path) -> None:
    """With what the config names for it."""
    note = tmp_path / "cabin.md"
    note.write_text("# Cabin\n\nThe rent of the cabin is 640 euros a month.\nThe key is under the pot.\n")
    editor = tmp_path / "my-editor"
    given = tmp_path / "given"
    editor.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {given}.tmp\nmv {given}.tmp {given}\n')
    editor.chmod(0o755)
    home.app(more=f"[tui]\nopeners = {{ md = '{editor} {{path}} {{line}}' }}\n")
    app = scripted(home, ["The key is under the pot [1]."], passages=[replace(RENT_PASSAGE, path=note)])
    async with app.run_test(size=SIZE) as pilot:
        await asked(app, "Where is the key of the cabin?")
        await pilot.press("ctrl+right_square_bracket", "enter")
        await until(lambda: given.exists() and len(given.read_text().splitlines()) == 2, "the editor ran")
    assert given.read_text().splitlines() == [str(note), "4"]
