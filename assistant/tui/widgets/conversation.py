"""Questions and answers, one below the other: asks them in turn, and shows the end while one is there."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import work
from textual.message import Message
from textual.reactive import var
from textual.timer import Timer
from textual.widget import AwaitMount

from assistant.citations import cite
from assistant.conversations import Talk
from assistant.runs import Run, RunEvent
from assistant.terminal import plain_line
from assistant.tui.exchange import Exchange
from assistant.tui.sources import of_citations
from assistant.tui.threads import in_thread
from assistant.tui.widgets.exchange import EXCHANGE_STYLES, ExchangeView
from assistant.tui.widgets.long_scroll import LongScroll
from assistant.types import Answer, AnswerFinished, AnswerText, Cited, Question
from indexer.errors import EngineError, KbError

if TYPE_CHECKING:
    from assistant.history import StoredTurn
    from assistant.tui.app import KbApp
    from assistant.tui.backend import Backend

logger = logging.getLogger(__name__)

NEWS_WITHIN_S = 30.0
"""How long is waited for events at a time; nothing happens in between."""

TAKEN_EVERY_S = 0.02
"""What comes of an answer is taken no more often; a key that was pressed goes before."""

CITED_EVERY_S = 0.5
"""What stands behind the marks of a growing answer is looked up no more often."""

SOON_S = 0.01
"""At once, for a timer of Textual's."""


class Conversation(LongScroll):
    """One conversation; its answers come one after the other."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(EXCHANGE_STYLES)
    DEFAULT_CSS = """
    Conversation { height: 1fr; align: left bottom; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """ + "\n".join(f"Conversation > .{part} {{ {style} }}" for part, style in EXCHANGE_STYLES.items())

    can_focus = False

    answering: var[ExchangeView | None] = var(None)
    """The exchange whose answer is on its way or still being kept."""

    @dataclass
    class Changed(Message):
        """An exchange has other sources, or has ended, or a first one has begun."""

        view: ExchangeView

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, type(self)) and message.view is self.view

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id)
        self.is_private = False
        """Whether nothing of this conversation is kept."""

        self._talk: Talk | None = None
        self._queue: list[ExchangeView] = []
        self._run: Run | None = None
        self._cited_at = 0.0
        self._cite_timer: Timer | None = None
        self.is_unused = True
        """Whether nothing was asked in it yet."""

    def on_mount(self) -> None:
        self.anchor()

    def on_resize(self) -> None:
        """Keep the mark that one is at in view."""
        if isinstance(view := self.screen.focused, ExchangeView):
            self.call_after_refresh(view.bring_stop_into_view)

    def on_unmount(self) -> None:
        if self._run is not None:
            self._run.cancel()

    @property
    def _backend(self) -> "Backend":
        return cast("KbApp", self.app).backend

    @property
    def views(self) -> Sequence[ExchangeView]:
        """The exchanges, oldest first."""
        return [child for child in self.children if isinstance(child, ExchangeView)]

    @property
    def last(self) -> ExchangeView | None:
        """The newest exchange."""
        return next((one for one in reversed(self.children) if isinstance(one, ExchangeView)), None)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is on its way or still being kept."""
        return self.answering is not None

    def add(self, exchanges: Iterable[Exchange]) -> AwaitMount:
        """Show exchanges below the others."""
        return self.mount_all(map(ExchangeView, exchanges))

    # -- asking

    def ask(self, question: Question) -> None:
        """Ask, now or once the answers before are there."""
        view = ExchangeView(Exchange(question=question))
        self._queue.append(view)
        self.is_unused = False
        self.mount(view)
        self.anchor()
        self._next()

    def take_back(self) -> None:
        """Leave the last exchange out of what the next question may lean on."""
        last = self.last
        if self._talk is not None and last is not None and last.exchange.stage == "done":
            self._talk.take_back()

    def stop(self) -> bool:
        """Stop every answer that is not finished; tells whether there was one."""
        waited_for = [*([self.answering] if self.answering else []), *self._queue]
        # one that is finished is only being kept.
        stopped = [view for view in waited_for if view.exchange.stage != "done"]
        # first what is seen; the thread may hang for as long as it likes.
        for view in stopped:
            view.exchange.stop(time.monotonic())
            view.tell(is_final=True)
        if self._run is not None:
            self._run.cancel()
        self._run, self.answering = None, None
        self._queue.clear()
        self.workers.cancel_group(self, "answer")
        if stopped:
            self.post_message(self.Changed(stopped[0]))
        return bool(stopped)

    def _next(self) -> None:
        if self.answering is None and self._queue:
            self.answering = self._queue.pop(0)
            self._answer(self.answering)

    @work(exclusive=True, group="answer")
    async def _answer(self, view: ExchangeView) -> None:
        if self._talk is None:
            self._talk = await in_thread(self._backend.talk, is_private=self.is_private)
        exchange, talk = view.exchange, self._talk
        question = talk.question(exchange.question)
        self._run = run = Run(
            question,
            open_searcher=self._backend.index,
            open_writer=partial(self._backend.writer, is_private=self.is_private),
            settings=self._backend.settings.answer,
        )
        exchange.begin()
        view.tell(is_final=True)
        run.start()
        try:
            answer = await self._show(run, view)
            if answer is not None:
                await self._keep(talk, question, answer, exchange)
        # whatever it is, the person hears of it and the next question is asked.
        except Exception as error:
            logger.exception("answer.not_shown")
            exchange.fail(EngineError(f"kb failed: {type(error).__name__}"), time.monotonic())
        finally:
            run.cancel()
        self._run, self.answering = None, None
        view.tell(is_final=True)
        self.post_message(self.Changed(view))
        self._next()

    async def _show(self, run: Run, view: ExchangeView) -> Answer | None:
        """Show what comes until the end; return the answer if there is one."""
        while True:
            for event in await run.take(NEWS_WITHIN_S):
                if event is None or isinstance(event, KbError):
                    if isinstance(event, KbError):
                        view.exchange.fail(event, time.monotonic())
                    return view.exchange.answer
                view.exchange.take(event, time.monotonic())
                self._look_up(event, view)
            view.tell()
            # what comes meanwhile is taken at once: to wake for every token is dear.
            await asyncio.sleep(TAKEN_EVERY_S)

    def _look_up(self, event: RunEvent, view: ExchangeView) -> None:
        """See to it that the sources keep step with the marks."""
        if isinstance(event, AnswerFinished):
            self.post_message(self.Changed(view))
            return
        is_cited = isinstance(event, Cited) or (isinstance(event, AnswerText) and "[" in event.text)
        if is_cited and self._cite_timer is None:
            due_s = self._cited_at + CITED_EVERY_S - time.monotonic()
            self._cite_timer = self.set_timer(max(SOON_S, due_s), partial(self._cite, view))

    @work(exclusive=True, group="cite")
    async def _cite(self, view: ExchangeView) -> None:
        self._cite_timer, self._cited_at = None, time.monotonic()
        exchange = view.exchange
        citations = await in_thread(cite, exchange.text, exchange.cited)
        if exchange.is_running:
            exchange.sources = of_citations(citations)
            self.post_message(self.Changed(view))

    @staticmethod
    async def _keep(talk: Talk, question: Question, answer: Answer, exchange: Exchange) -> None:
        try:
            await in_thread(talk.keep, question, answer)
        except KbError as error:
            said = f"this answer is not kept: {error.message}; {error.hint}".rstrip("; ")
            exchange.afterwards.append(plain_line(said))

    # -- which conversation

    async def begin(self) -> None:
        """Begin another conversation, with nothing in it."""
        self.stop()
        self._talk = None
        self.is_unused = True
        await self.remove_children(ExchangeView)

    async def resume(self, conversation: int, roots: Sequence[Path]) -> None:
        """Show a conversation that is kept, and go on with it.

        Args:
            conversation: Its id.
            roots: The folders that are indexed.

        Raises:
            KbError: If it is not there, or the history cannot be read.
        """
        talk, turns = await in_thread(self._read, conversation)
        await self.begin()
        self._talk = talk
        self.is_unused = not turns
        await self.add(Exchange.of_stored(turn, roots) for turn in turns)
        self.anchor()
        if (last := self.last) is not None:
            self.post_message(self.Changed(last))

    def _read(self, conversation: int) -> "tuple[Talk, Sequence[StoredTurn]]":
        talk = self._backend.talk(conversation, is_private=self.is_private)
        return talk, self._backend.history().turns(conversation)
