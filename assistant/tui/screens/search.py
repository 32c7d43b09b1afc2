"""Search without a model: passages while one types, and each of them as it stands in its file."""

import time
from typing import ClassVar

from textual import on, work
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from assistant.surroundings import widened
from assistant.terminal import plain_line
from assistant.tui.found import best_place, said, summary
from assistant.tui.live_search import LiveSearch
from assistant.tui.once_listed import OnceListed
from assistant.tui.opening import open_place
from assistant.tui.screens.base import ModeScreen
from assistant.tui.state import IndexState
from assistant.tui.threads import in_thread
from assistant.tui.widgets.ground import GroundContainer
from assistant.tui.widgets.passage_view import PassageView
from assistant.tui.widgets.result_list import ResultList
from assistant.tui.widgets.search_box import SearchBox
from indexer.client import IndexerClient
from indexer.errors import IndexerError, KbError
from indexer.types import FileText, Passage, SearchResult

TOP_K = 20
"""Passages that are listed."""

SLOW_S = 0.3
"""A search that takes longer is said to go on."""

INVITATION = (
    "Type what you look for: words are found in all their forms, and by meaning.\n\n"
    'in:folder  type:pdf  tag:work  since:last-week  before:2026-05  "exact words"'
)


class SearchScreen(ModeScreen):
    """Searches at every key."""

    MODE = "search"
    HELP_TITLE = "Search"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+a",
            "ask",
            "Ask this",
            priority=True,
            id="search.ask",
            tooltip="Ask the model what is written in the search box",
        ),
        Binding(
            "o",
            "more",
            "More context",
            id="search.more",
            tooltip="Show more of what stands around the passage",
        ),
        Binding(
            "y",
            "copy_path",
            "Copy path",
            id="search.copy-path",
            tooltip="Copy the path of the highlighted file",
        ),
        Binding(
            "slash,escape",
            "focus_box",
            "Search box",
            show=False,
            id="search.focus",
            tooltip="Go back to the search box",
        ),
    ]
    DEFAULT_CSS = """
    SearchScreen #search-line { height: 1; padding: 0 2; color: $text-muted; }
    SearchScreen #search-remarks { height: auto; max-height: 3; padding: 0 2; color: $text-accent; }
    SearchScreen #found { layout: horizontal; height: 1fr; }
    SearchScreen ResultList { width: 2fr; }
    SearchScreen PassageView { width: 3fr; }
    SearchScreen.-narrow #found { layout: vertical; }
    SearchScreen.-narrow ResultList { width: 1fr; height: 1fr; }
    SearchScreen.-narrow PassageView { width: 1fr; height: 1fr; }
    SearchScreen #search-state { height: 1fr; padding: 2 4; color: $text-muted; }
    SearchScreen .-hidden { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._live = LiveSearch(self._open_client)
        self._text = ""
        self.shown_for = ""
        """The text that was searched for when what is shown was found."""

        self._previewed: object = None
        self._reach = 0
        self._said_remarks = ""
        self._said_state = INVITATION
        self._has_failed = False
        self._is_searching = False
        self._once_listed = OnceListed()
        self._seen_files: object = None

    def body(self) -> ComposeResult:
        box = SearchBox(find_offers=self.backend.offers, placeholder="Search your files", id="search-box")
        box.border_title = "Search"
        yield box
        yield Static(id="search-line", markup=False)
        yield Static(id="search-remarks", classes="-hidden", markup=False)
        with GroundContainer(id="found", classes="-hidden"):
            yield ResultList(id="results")
            yield PassageView()
        yield Static(INVITATION, id="search-state", markup=False)

    @property
    def box(self) -> SearchBox:
        """What is typed in."""
        return self.query_one(SearchBox)

    @property
    def results(self) -> ResultList:
        """What was found."""
        return self.query_one(ResultList)

    def on_mount(self) -> None:
        self.box.focus()
        self.watch(self.app, "index_state", self._note_index, init=False)

    def on_screen_resume(self) -> None:
        # files may have changed while another screen was shown.
        if self._text:
            self._find(self._text)

    def on_screen_suspend(self) -> None:
        # what keys would have done here is not done on another screen.
        self._once_listed.forget()

    def on_unmount(self) -> None:
        self._live.stop()

    # -- searching

    def _open_client(self) -> IndexerClient:
        return self.backend.index()

    @on(SearchBox.Typed)
    def _typed(self, event: SearchBox.Typed) -> None:
        self._text = event.text
        self._once_listed.typed(event.text)
        if event.text:
            self._find(event.text)
            return
        self.stop_work()
        self._once_listed.listed("")
        self._say("")
        self._say_remarks("")
        self._show_state(INVITATION)

    @work(exclusive=True, group="search")
    async def _find(self, text: str) -> None:
        began = time.perf_counter()
        patience = self.set_timer(SLOW_S, lambda: self._say("searching…"))
        self._is_searching = True
        try:
            found = await self._live.find(text, top_k=TOP_K)
        except KbError as error:
            self._show_error(error)
            self._note_listed(text)
            return
        finally:
            patience.stop()
            self._is_searching = False
        if found is not None:
            self._show_found(found, took_ms=(time.perf_counter() - began) * 1000)
            self._note_listed(text)

    def _note_listed(self, text: str) -> None:
        self.shown_for = text
        self._once_listed.listed(text)

    def stop_work(self) -> bool:
        """Stop the search that is under way."""
        was_searching = self._is_searching
        self._once_listed.forget()
        self._live.stop()
        self.workers.cancel_group(self, "search")
        return was_searching

    def _note_index(self, state: IndexState) -> None:
        """Search again when the daemon is back, or has indexed more."""
        counts = state.said.get("files", {})
        files = (counts.get("indexed"), counts.get("partial"), bool(state.said.get("roots")))
        is_other, self._seen_files = files != self._seen_files, files
        if self._text and self.is_current and not state.error and (is_other or self._has_failed):
            self._find(self._text)

    # -- showing

    def _show_found(self, found: SearchResult, *, took_ms: float) -> None:
        self._has_failed = False
        line = summary(found, took_ms=took_ms, now=time.time())
        self._say(line)
        self._say_remarks(said(found.remarks))
        if not found.passages:
            index = self.kb.index_state
            if index.is_known and not index.has_roots:
                self._show_state("No folder is indexed yet: add one on the Library screen (F5).")
            elif not self.box.is_in_filter:
                # what was found before stays while a filter is half typed.
                self._show_state("Nothing found. Try other words, or fewer filters.")
            return
        self._show_state("")
        self.results.show(found.passages, found.question)
        # the list is painted first; whoever types on does not wait for the rest.
        self.call_after_refresh(self._preview_current)

    def _show_error(self, error: KbError) -> None:
        self._has_failed = isinstance(error, IndexerError)
        sign = "✗ " if self._has_failed else ""
        self._say("")
        self._say_remarks("")
        hint = "It is searched again as soon as that has passed." if self._has_failed else error.hint
        self._show_state(f"{sign}{plain_line(error.message)}\n\n{plain_line(hint)}".rstrip())

    def _say(self, text: str) -> None:
        """Say in its line how the search went."""
        self.query_one("#search-line", Static).update(Content(text), layout=False)

    def _say_remarks(self, text: str) -> None:
        if text != self._said_remarks:
            # not at every key: it lays the screen out anew.
            self._said_remarks = text
            remarks = self.query_one("#search-remarks", Static)
            remarks.update(Content(f"! {text}" if text else ""))
            remarks.set_class(not text, "-hidden")

    def _show_state(self, text: str) -> None:
        """Say why nothing is listed; an empty text shows the list."""
        if text == self._said_state:
            return
        self._said_state = text
        state, found = self.query_one("#search-state", Static), self.query_one("#found")
        state.update(Content(text))
        state.set_class(not text, "-hidden")
        found.set_class(bool(text), "-hidden")
        if text:
            self.results.show((), "")
            self.query_one(PassageView).clear()
            self._previewed = None
            if self.focused is not self.box:
                self.box.focus()

    def _preview_current(self) -> None:
        passage, view = self.results.current, self.query_one(PassageView)
        if passage is not None and (passage.chunk_id, passage.text, passage.highlights) != self._previewed:
            self._previewed = (passage.chunk_id, passage.text, passage.highlights)
            self._reach = 0
            view.show(passage, quotes=passage.highlights)

    @on(ResultList.Highlighted)
    def _highlighted(self) -> None:
        self._preview_current()

    @on(SearchBox.Moved)
    def _moved(self, event: SearchBox.Moved) -> None:
        self._once_listed.do(lambda: self.results.action_move(event.step))

    # -- what can be done with a passage

    @on(SearchBox.Opened)
    def _open_soon(self) -> None:
        self._once_listed.do(self._open)

    @on(ResultList.Chosen)
    def _open(self) -> None:
        if (passage := self.results.current) is not None:
            self._open_passage(passage)

    @work(group="opening")
    async def _open_passage(self, passage: Passage) -> None:
        await open_place(self.app, passage.path, best_place(passage), self.backend.settings.tui)

    @work(exclusive=True, group="more")
    async def action_more(self) -> None:
        """Show more of what stands around the highlighted passage."""
        if (passage := self.results.current) is None:
            return
        reach = self._reach + 1
        try:
            text = await in_thread(self._read, passage)
        except KbError as error:
            self.kb.report(error)
            return
        if passage != self.results.current:
            # somebody moved on meanwhile.
            return
        found = widened(passage, text.passages, reach, quotes=passage.highlights)
        if found is None:
            self.notify("the file does not say this any more, or is not indexed any more", severity="warning")
            return
        self._reach = reach
        around, quotes = found
        self.query_one(PassageView).show(around, quotes=quotes)

    def _read(self, passage: Passage) -> FileText:
        return self.backend.index().passages_of(passage.path)

    def action_copy_path(self) -> None:
        """Copy the path of the highlighted file."""
        if (passage := self.results.current) is None:
            raise SkipAction
        self.app.copy_to_clipboard(str(passage.path))
        self.notify(f"copied {plain_line(str(passage.path))}")

    def action_focus_box(self) -> None:
        """Go back to the search box."""
        if self.focused is self.box:
            raise SkipAction
        self.box.focus()

    async def action_ask(self) -> None:
        """Ask what is written in the search box."""
        if not self.box.query_text:
            raise SkipAction
        await self.kb.ask(self.box.query_text)
