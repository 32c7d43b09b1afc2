"""The footer of a screen: the keys that matter where one is."""

from textual.screen import Screen
from textual.widgets import Footer


class KeyFooter(Footer):
    """A footer that is made anew only when it says something else, and keeps nothing of what it said."""

    _said: object = None
    """What it says."""

    def bindings_changed(self, screen: Screen[object]) -> None:
        # at every move of the focus, and while the terminal is not looked at nothing is made anew.
        if screen.app.app_focus and self.is_attached and screen is self.screen:
            shown = [active for active in screen.active_bindings.values() if active.binding.show]
            said = [
                (one.binding.key, one.binding.description, one.binding.action, one.enabled) for one in shown
            ]
            if said == self._said:
                return
            self._said = said
        super().bindings_changed(screen)

    async def recompose(self) -> None:
        gone = list(self.children)
        await super().recompose()
        # Textual keeps the keys of before among those that hear of a change, until there is one, and how
        # the last thousand widgets were drawn.
        self.mutate_reactive(Footer.compact)
        for key in gone:
            key._styles_cache.clear()
