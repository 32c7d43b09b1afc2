"""Asking: the conversation, the prompt below it, and the sources beside it.

The prompt is painted first. What shows and writes answers takes longer to load than everything
else of the app, so it is loaded behind the first paint; a question that comes before waits for it.
"""

import asyncio
import importlib
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on, work
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import ActiveBinding, BindingType
from textual.widget import MountError
from textual.widgets import Static

from assistant.tui.screens.ask_footer import Place, shown_in_footer
from assistant.tui.screens.ask_keys import EMPTY, KEYS, MODES
from assistant.tui.screens.ask_sources import UsingSources
from assistant.tui.screens.base import ModeScreen
from assistant.tui.threads import in_thread
from assistant.tui.widgets.ground import GroundContainer, GroundVertical
from assistant.tui.widgets.prompt import Prompt
from assistant.tui.widgets.welcome import Welcome
from indexer.errors import KbError

if TYPE_CHECKING:
    from assistant.tui.widgets.conversation import Conversation
    from assistant.tui.widgets.exchange import ExchangeView
    from assistant.tui.widgets.sources_panel import SourcesPanel
    from assistant.types import Question


class AskScreen(UsingSources, ModeScreen):
    """Ask, and see what the answers rest on."""

    MODE = "ask"
    BINDINGS: ClassVar[list[BindingType]] = KEYS
    DEFAULT_CSS = """
    AskScreen #ask { layout: horizontal; height: 1fr; }
    AskScreen #talk { width: 1fr; min-width: 20; height: 1fr; }
    AskScreen #empty { height: 1fr; content-align: center middle; color: $text-muted; padding: 0 2; }
    AskScreen #modes { height: auto; padding: 0 2; color: $text-accent; text-style: bold; }
    AskScreen #no-model { height: auto; padding: 0 2; color: $text-muted; }
    AskScreen SourcesPanel { display: none; }
    AskScreen SourcesPanel.-filled { display: block; }
    AskScreen.-very-wide SourcesPanel { width: 40%; max-width: 90; }
    AskScreen.-narrow #ask { layout: vertical; }
    AskScreen.-narrow SourcesPanel { display: none; width: 1fr; height: 50%; }
    AskScreen.-narrow SourcesPanel.-open { display: block; }
    AskScreen.-narrow SourcesPanel OptionList { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._modes: set[str] = set()
        self._edited: Question | None = None
        self._conversation: Conversation | None = None
        self._is_furnished = asyncio.Event()
        self._shown = None
        self._reach = {}

    def body(self) -> ComposeResult:
        with GroundContainer(id="ask"), GroundVertical(id="talk"):
            yield Welcome()
            yield Static(EMPTY, id="empty", markup=False)
            yield Static(id="modes", markup=False)
            yield Static(id="no-model", markup=False)
            yield Prompt(
                read_history=self.backend.earlier_questions, find_offers=self.backend.offers, id="prompt"
            )

    def on_mount(self) -> None:
        self._say_modes()
        self._say_no_model()
        self.prompt.focus()
        self._furnish()
        self.watch(self.app, "engine_state", self._say_no_model)

    def on_screen_resume(self) -> None:
        self.query_one(Welcome).look_again()

    @property
    def conversation(self) -> "Conversation":
        """The questions and answers, once there is room for them."""
        assert self._conversation is not None
        return self._conversation

    @property
    def prompt(self) -> Prompt:
        """Where questions are typed."""
        return self.query_one(Prompt)

    @property
    def panel(self) -> "SourcesPanel":
        """Where sources are shown, once there is room for answers."""
        return cast("SourcesPanel", self.query_one("#sources"))

    @property
    def view(self) -> "ExchangeView | None":
        """The exchange one is at: that which has the focus, or whose sources are shown, or the last."""
        if self._conversation is None:
            return None
        if self.focused in self._conversation.views:
            return cast("ExchangeView", self.focused)
        shown = self._shown if self._shown is not None and self._shown.is_attached else None
        return shown or self.conversation.last

    @work(exclusive=True, group="furnish")
    async def _furnish(self) -> None:
        """Make room for answers."""
        await self.kb.is_painted.wait()
        conversation, panel = await in_thread(_load)
        self._conversation = conversation(id="conversation")
        self._conversation.is_private = "private" in self._modes
        self._conversation.display = False
        # the app may be left meanwhile.
        with suppress(MountError):
            await self.query_one("#talk").mount(self._conversation, before="#modes")
            await self.query_one("#ask").mount(panel(id="sources"))
            self.watch(self._conversation, "answering", self.refresh_bindings, init=False)
            self._is_furnished.set()

    # -- asking

    async def ask_question(self, text: str, extra: str = "") -> None:
        """Ask a question in this conversation."""
        await self._is_furnished.wait()
        self._ask(text, extra)

    def _ask(self, text: str, extra: str) -> None:
        # deferred, as what shows the answers.
        from assistant.types import Question

        if self._edited is not None:
            self.conversation.take_back()
            self._edited = None
        # so that the sources are those of the new answer.
        self._shown = None
        self.prompt.focus()
        self.conversation.ask(
            Question(
                text=text,
                extra=extra,
                is_deep="deep" in self._modes,
                is_strict="strict" in self._modes,
                allows_own_knowledge="anything" in self._modes,
            )
        )
        self._show_empty()

    async def resume(self, conversation: int) -> None:
        """Show a conversation that is kept, and go on with it."""
        await self._is_furnished.wait()
        roots = [Path(root["path"]) for root in self.kb.index_state.said.get("roots", ())]
        try:
            await self.conversation.resume(conversation, roots)
        except KbError as error:
            self.kb.report(error)
        self._show_empty()
        self.prompt.focus()

    @on(Prompt.Submitted)
    @work(group="submit")
    async def _submitted(self, event: Prompt.Submitted) -> None:
        await self.ask_question(event.text, event.extra)

    @on(Prompt.LeftEmpty)
    def _left_empty(self) -> None:
        self.query_one(Welcome).do_next()

    @on(Prompt.Begun)
    def _begun(self) -> None:
        # whoever has emptied the prompt asks something else.
        self._edited = None
        self._warm()

    @work(exclusive=True, group="warm")
    async def _warm(self) -> None:
        """Have the model loaded while the question is typed."""
        try:
            await in_thread(partial(self.backend.writer, is_private="private" in self._modes))
        except KbError as error:
            # the answer will say so.
            self.log.warning(error.message)

    def on_resize(self) -> None:
        # the footer shows more where there is room.
        self.refresh_bindings()

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """What works now; the footer shows what matters where one is."""
        place: Place = "prompt"
        if self._conversation is not None and self.focused in self._conversation.views:
            place = "answer"
        elif self._is_furnished.is_set() and self.panel.has_focus_within:
            place = "sources"
        is_wide = not self.has_class("-narrow")
        return shown_in_footer(super().active_bindings, place, is_wide=is_wide, is_busy=self.is_streaming)

    @property
    def is_streaming(self) -> bool:
        return self._conversation is not None and self._conversation.is_busy

    def stop_work(self) -> bool:
        return self._conversation is not None and self._conversation.stop()

    def action_back(self) -> None:
        """Stop the answer; else close what is open, and go back to the prompt."""
        if self.stop_work():
            return
        self._edited = None
        if self._conversation is not None:
            self.panel.remove_class("-open")
        self.prompt.focus()

    @work(exclusive=True, group="new")
    async def action_new(self) -> None:
        """Begin a new conversation."""
        await self._is_furnished.wait()
        await self.conversation.begin()
        self._edited = self._shown = None
        self._reach.clear()
        self.panel.show(())
        self.panel.remove_class("-filled", "-open")
        self._show_empty()
        self.prompt.focus()

    @property
    def _last(self) -> "ExchangeView | None":
        return None if self._conversation is None else self._conversation.last

    def action_again(self) -> None:
        """Ask the last question again, as if it had not been answered."""
        if (last := self._last) is not None:
            self._edited = last.exchange.question
            self._ask(self._edited.text, self._edited.extra)

    def action_edit(self) -> None:
        """Put the last question into the prompt; what is asked next takes its place."""
        if (last := self._last) is not None:
            self._edited = last.exchange.question
            self.prompt.set_question(self._edited.text, self._edited.extra)
            self.prompt.focus()
            self._warm()

    # -- modes

    def action_turn(self, mode: str) -> None:
        """Turn a mode on or off; a private conversation is another one."""
        self._modes ^= {mode}
        if mode == "private":
            if self._conversation is not None:
                self._conversation.is_private = mode in self._modes
            self.action_new()
        self._say_modes()

    def _say_modes(self) -> None:
        modes = self.query_one("#modes", Static)
        modes.update(" · ".join(said for mode, said in MODES.items() if mode in self._modes))
        modes.display = bool(self._modes)

    def _say_no_model(self) -> None:
        line = self.query_one("#no-model", Static)
        line.update("without a model answers are in your files' own words; the Models screen adds one")
        is_asked = self._conversation is not None and not self._conversation.is_unused
        line.display = is_asked and not self.backend.has_model

    def _show_empty(self) -> None:
        is_empty = self.conversation.is_unused
        self.query_one("#empty").display = is_empty
        if not is_empty:
            self.query_one(Welcome).put_away()
        self.conversation.display = not is_empty
        self._say_no_model()

    # -- sources

    def on_conversation_changed(self, event: "Conversation.Changed") -> None:
        if event.view is self.view:
            self._show_sources(event.view)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if self._conversation is not None and event.widget in self._conversation.views:
            self._show_sources(cast("ExchangeView", event.widget))

    def _show_sources(self, view: "ExchangeView") -> None:
        self._shown = view
        exchange = view.exchange
        title = "Sources" if exchange.is_answered else "Nearest passages"
        self.panel.show(exchange.sources, title=title)
        # while an answer is on its way, what stood there stays; a class of the screen would have the style of
        # every answer looked up again.
        if exchange.sources or not exchange.is_running:
            self.panel.set_class(bool(exchange.sources), "-filled")

    def on_exchange_view_stop_chosen(self, event: "ExchangeView.StopChosen") -> None:
        self._show_sources(event.view)
        self.panel.go_to(event.number)
        self.panel.add_class("-open")

    def on_sources_panel_moved(self, event: "SourcesPanel.Moved") -> None:
        if (view := self.view) is not None:
            view.go_to_source(event.source.number)

    def action_sources(self) -> None:
        """Go to the sources, and from there back to the prompt."""
        if self._last is None:
            self.notify("there are no sources yet")
        elif not self.panel.sources:
            self.notify("this answer has no sources; Shift+Tab goes to the one before")
        elif self.panel.has_focus_within:
            self.action_back()
        else:
            self._go_to_sources()

    @work(exclusive=True, group="sources")
    async def _go_to_sources(self) -> None:
        self.panel.add_class("-open")
        listed = self.panel.query_one("PassageView" if self.has_class("-narrow") else "OptionList")
        is_shown = asyncio.Event()
        self.call_after_refresh(is_shown.set)
        await is_shown.wait()
        listed.focus()

    def action_move(self, by: int) -> None:
        """Go to another mark of the answer one is at."""
        if (view := self.view) is not None:
            view.focus(scroll_visible=False)
            if not view.move(by):
                self.app.bell()

    def action_thoughts(self) -> None:
        """Show or fold what the model thought."""
        if (view := self.view) is not None:
            view.action_toggle_thoughts()

    def action_page(self, by: int) -> None:
        """Scroll the conversation from the prompt."""
        if self._conversation is None or not self.prompt.has_focus:
            raise SkipAction
        scroll = self.conversation.scroll_page_up if by < 0 else self.conversation.scroll_page_down
        scroll(animate=False)


def _load() -> "tuple[type[Conversation], type[SourcesPanel]]":
    """Import what shows answers and writes them."""
    from assistant.tui.widgets.conversation import Conversation
    from assistant.tui.widgets.sources_panel import SourcesPanel

    # what draws the first answer.
    importlib.import_module("assistant.tui.document")
    return Conversation, SourcesPanel
