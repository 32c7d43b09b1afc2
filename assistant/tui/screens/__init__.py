"""The five screens of the app, each imported when it is first shown."""

from collections.abc import Callable

from textual.screen import Screen


def _ask() -> Screen[None]:
    from assistant.tui.screens.ask import AskScreen

    return AskScreen()


def _search() -> Screen[None]:
    from assistant.tui.screens.search import SearchScreen

    return SearchScreen()


def _conversations() -> Screen[None]:
    from assistant.tui.screens.conversations import ConversationsScreen

    return ConversationsScreen()


def _library() -> Screen[None]:
    from assistant.tui.screens.library import LibraryScreen

    return LibraryScreen()


def _models() -> Screen[None]:
    from assistant.tui.screens.models import ModelsScreen

    return ModelsScreen()


MODES: dict[str, str | Callable[[], Screen[None]]] = {
    "ask": _ask,
    "search": _search,
    "conversations": _conversations,
    "library": _library,
    "models": _models,
}
"""Each screen by its name."""
