"""The command palette: everything that a key does here, by its name."""

from collections.abc import Awaitable, Callable
from functools import partial

from textual.binding import ActiveBinding
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.markup import escape


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
        seen: set[tuple[int, str]] = set()
        found: list[tuple[ActiveBinding, Callable[[], Awaitable[bool]]]] = []
        for active in self.screen.active_bindings.values():
            key = (id(active.node), active.binding.action)
            if active.enabled and active.binding.id and active.binding.description and key not in seen:
                seen.add(key)
                found.append((active, partial(self.app.run_action, active.binding.action, active.node)))
        return found

    def _help(self, active: ActiveBinding) -> str:
        key = self.app.get_key_display(active.binding)
        # Textual reads markup in it, and "[/]" would end something.
        return escape(f"{active.tooltip or active.binding.tooltip or active.binding.description}  [{key}]")
