"""Keys and pastes, handed to the app one at a time."""

import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.dom import DOMNode

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.timer import Timer
    from textual.worker import Worker

OPENING = frozenset({"dialog", "new", "sources"})
"""Groups of workers that lead the next keys elsewhere: a dialog opens, a conversation begins."""

LOOK_S = 0.005
"""How often it is looked whether what a key has begun is there."""

PATIENCE_S = 2.0
"""What takes a key longer holds the next ones up no more."""


class KeyQueue:
    """Hands a key on once the one before it has done what it does.

    Textual writes a letter at once, but hands every other key up from the focus to the app, which then
    looks for what it is bound to; bindings with priority are looked for before. Of keys that come
    together, as over a slow line, letters would overtake the backspace before them, an Enter the letters
    before it, and what is typed for a dialog would reach the list behind it, as commands.

    Args:
        app: Whose keys they are.
        handle: Hands one on, as the app does by itself.
    """

    def __init__(self, app: App[Any], handle: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app = app
        self._handle = handle
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._current: events.Event | None = None
        self._since = 0.0
        self._timer: Timer | None = None
        self._screen: Screen[Any] | None = None
        self._workers: set[Worker[Any]] = set()

    async def put(self, event: events.Key | events.Paste) -> None:
        """Hand an event on: at once, or behind those that came before it."""
        self._waiting.append(event)
        if self._current is None:
            await self._next()
        else:
            self._watch()

    def _watch(self) -> None:
        """See to it that a key which is never done holds up no other for ever."""
        if self._timer is None:
            self._timer = self._app.set_timer(PATIENCE_S, self._give_up)

    async def _next(self) -> None:
        if not self._waiting or not self._app.is_running:
            return
        event = self._current = self._waiting.popleft()
        self._since = time.monotonic()
        self._screen = self._app.screen
        self._workers = set(self._app.workers)
        focus = self._app.focused or self._app.screen
        await self._handle(event)
        self._follow(event, focus)

    def _follow(self, event: events.Event, node: DOMNode | None) -> None:
        """Go the way of an event behind it: from queue to queue, up to the app."""
        while node is not None and node is not self._app:
            if node.call_later(self._follow, event, node.parent):
                return
            # this one is gone.
            node = node.parent
        # once more, for what the key has put into the queue of the app: the focus, for one.
        self._app.call_later(self._app.call_later, self._arrived, event)

    async def _arrived(self, event: events.Event) -> None:
        if event is not self._current or not self._app.is_running:
            return
        if not self._is_done():
            self._app.set_timer(LOOK_S, partial(self._arrived, event))
        elif self._app.screen is not self._screen:
            # the focus may go elsewhere when another screen is shown.
            self._screen = self._app.screen
            self._follow(event, self._screen)
        else:
            self._current = None
            await self._next()

    def _is_done(self) -> bool:
        """Tell whether what the key has begun is there: another screen, or the way to one."""
        screen = self._app.screen
        if time.monotonic() - self._since > PATIENCE_S:
            return True
        if screen is not self._screen:
            return screen.is_mounted and screen.focused is not None
        return not any(
            worker.group in OPENING and worker.is_running
            for worker in self._app.workers
            if worker not in self._workers
        )

    async def _give_up(self) -> None:
        self._timer = None
        if self._current is not None and time.monotonic() - self._since > PATIENCE_S:
            self._current = None
            await self._next()
        if self._waiting:
            self._watch()


class KeysInTurnApp(App[None]):
    """An app in which keys do what they do in the order in which they come."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._keys = KeyQueue(self, super().on_event)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._keys.put(event)
        else:
            await super().on_event(event)
