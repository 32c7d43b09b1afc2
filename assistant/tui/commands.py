"""The command palette: everything that a key does here, by its name."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.binding import ActiveBinding
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.markup import escape

from assistant.tui.keys import our_bindings

if TYPE_CHECKING:
    from assistant.tui.app import KbApp


class Palette(CommandPalette):
    """The palette; a key that moves through what is not laid out yet does nothing."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "command_list" and not self.query_one(CommandList).size:
            return False
        return super().check_action(action, parameters)


class BoundCommands(Provider):
    """Offers the actions of all keys that work on the screen below."""

    async def discover(self) -> Hits:
        for binding, run in self._bound():
            yield DiscoveryHit(binding.binding.description, run, help=self._help(binding))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for binding, run in self._bound():
            name = binding.binding.description
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), run, help=self._help(binding))

    def _bound(self) -> list[tuple[ActiveBinding, Callable[[], Awaitable[bool]]]]:
        """Return what has a key on the screen below, also where that key writes a letter just now."""
        seen: set[tuple[int, str]] = set()
        found: list[tuple[ActiveBinding, Callable[[], Awaitable[bool]]]] = []
        for active in (*self.screen.active_bindings.values(), *self._of_letters()):
            key = (id(active.node), active.binding.action)
            if active.enabled and active.binding.id and active.binding.description and key not in seen:
                seen.add(key)
                found.append((active, partial(self.app.run_action, active.binding.action, active.node)))
        return found

    def _of_letters(self) -> Iterator[ActiveBinding]:
        """Yield what letters do on the screen below; a field that has the focus takes them for itself."""
        keys = cast("KbApp", self.app).rebound
        for binding in our_bindings(type(self.screen)):
            key = keys.get(binding.id or "", binding.key).partition(",")[0]
            yield ActiveBinding(self.screen, replace(binding, key=key), True, binding.tooltip)

    def _help(self, active: ActiveBinding) -> str:
        key = self.app.get_key_display(active.binding)
        # Textual reads markup in it, and "[/]" would end something.
        return escape(f"{active.tooltip or active.binding.tooltip or active.binding.description}  [{key}]")
