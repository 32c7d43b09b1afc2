"""What is done with a list as soon as it lists what was typed; pure."""

from collections.abc import Callable


class OnceListed:
    """Holds back what keys do with a list while what was typed before them is still looked for.

    Without it an Enter behind quickly typed words would take what the first of their letters had found.
    """

    def __init__(self) -> None:
        self._typed = self._listed = ""
        self._held: list[Callable[[], object]] = []

    def typed(self, text: str) -> None:
        """Take note that something else is looked for; whoever types on wants nothing of before."""
        self._typed = text
        self._held.clear()

    def listed(self, text: str) -> None:
        """Take note that what a text finds is listed, or why it finds nothing is said."""
        self._listed = text
        if text == self._typed:
            held, self._held = self._held, []
            for do in held:
                do()

    def do(self, action: Callable[[], object]) -> None:
        """Do something with the list: now, or once it lists what was typed."""
        if self._listed == self._typed:
            action()
        else:
            self._held.append(action)

    def forget(self) -> None:
        """Do nothing of what is held back: it is waited for no more."""
        self._held.clear()
