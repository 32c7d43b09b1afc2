"""What can be done with a source on the Ask screen: open it, see more around it, copy where it is."""

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from assistant.tui.screens.ask_copying import Copying
from assistant.tui.threads import in_thread
from indexer.errors import KbError

if TYPE_CHECKING:
    from assistant.tui.screens.base import ModeScreen
    from assistant.tui.sources import Source
    from assistant.tui.widgets.exchange import ExchangeView
    from assistant.tui.widgets.sources_panel import SourcesPanel

    class _Base(Copying, ModeScreen):
        """Some screen of the app."""

else:
    # Textual takes styles and keys from the first base alone that is a widget.
    _Base = Copying


class UsingSources(_Base):
    """A screen that shows answers and, beside them, their sources."""

    _shown: "ExchangeView | None"
    """Whose sources are shown."""

    _reach: dict[tuple[int, Path], int]
    """Answer and file → how much around its passages was asked for."""

    @property
    @abstractmethod
    def panel(self) -> "SourcesPanel":
        """Where sources are shown."""

    @work(exclusive=True, group="more")
    async def action_more(self) -> None:
        """Show more of what stands around the passage."""
        if self._shown is None or (source := self.panel.current) is None:
            return
        # deferred, as what shows the answers.
        from assistant.surroundings import widened

        key = (id(self._shown), source.passage.path)
        self._reach[key] = reach = self._reach.get(key, 0) + 1
        try:
            client = await in_thread(self.backend.index)
            text = await in_thread(client.passages_of, source.passage.path)
        except KbError as error:
            self.kb.report(error)
            return
        found = widened(source.passage, text.passages, 0 if source.is_stored else reach, quotes=source.quotes)
        if found is None:
            self.notify("the file does not say this any more, or is not indexed any more", severity="warning")
            return
        passage, quotes = found
        self.panel.show_around(passage, quotes)
        if reach > len(text.passages):
            self.notify("that is all of the file", timeout=2)

    def action_copy_path(self) -> None:
        """Copy the path of the source whose passage is shown."""
        if self._shown is not None and (source := self.panel.current) is not None:
            self.copy(str(source.passage.path), "path copied")

    def on_sources_panel_open_asked(self, event: "SourcesPanel.OpenAsked") -> None:
        self._open(event.source)

    def on_exchange_view_open_asked(self, event: "ExchangeView.OpenAsked") -> None:
        if event.target:
            self._open_link(event.target, event.view)
        elif (source := self.panel.current) is not None:
            self._open(source)

    @work(group="open")
    async def _open(self, source: "Source") -> None:
        # deferred: most questions open nothing.
        from assistant.tui.opening import open_place

        await open_place(self.app, source.passage.path, source.locator, self.backend.settings.tui)

    @work(group="open")
    async def _open_link(self, target: str, view: "ExchangeView") -> None:
        # deferred: most questions open nothing.
        from assistant.tui.opening import open_target

        documents = [source.passage.path for source in view.exchange.sources]
        await open_target(self.app, target, documents, self.backend.settings.tui)
