"""The names of what keys do, and whether the config speaks of any that is not there."""

import importlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_NAME_REPLACEMENTS, Keys
from textual.screen import ModalScreen

from assistant.tui.screens import MODES

EVERYWHERE = "app.help"
"""A binding of those that work on every screen, where another of the same key goes before it."""

_OURS = "assistant.tui"
_MODIFIERS = frozenset({"ctrl", "shift", "alt", "meta", "super", "hyper"})
_NAMES = frozenset({key.value.rpartition("+")[2] for key in Keys} | {*KEY_NAME_REPLACEMENTS.values()})
_KEY_NAMES = {
    "escape": "Esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "question_mark": "?",
    "slash": "/",
    "space": "Space",
}


def load_screens() -> None:
    """Import every screen, so that none is waited for when it is first shown."""
    for name in (*MODES, "help"):
        importlib.import_module(f"{_OURS}.screens.{name}")


def all_bindings() -> list[dict[str, str]]:
    """Return the keys by the ids of bindings, of each class that is loaded."""
    return [
        found for kind in _kinds(DOMNode) if kind.__module__.startswith(_OURS) and (found := _keys_of(kind))
    ]


def our_bindings(kind: type[DOMNode]) -> Iterator[Binding]:
    """Yield what keys do in a class, with what it has from others of ours, the farthest first."""
    for above in reversed(kind.__mro__):
        if above.__module__.startswith(_OURS):
            yield from Binding.make_bindings(above.__dict__.get("BINDINGS", ()))


def dialog_bindings() -> frozenset[str]:
    """Return the ids of the bindings of dialogs, which take every key while they are open."""
    kinds = (kind for kind in _kinds(ModalScreen) if kind.__module__.startswith(_OURS))
    return frozenset(name for kind in kinds for name in _keys_of(kind))


def troubles(
    keys: Mapping[str, str], bindings: Sequence[Mapping[str, str]], dialogs: frozenset[str] = frozenset()
) -> list[str]:
    """Say what of `[tui] keys` cannot work, a sentence each.

    Args:
        keys: Keys by the id of a binding, several with commas between them.
        bindings: What `all_bindings` returns.
        dialogs: What `dialog_bindings` returns.
    """
    # deferred: key names are needed for the first paint, this is not.
    import difflib

    known = sorted({name for each in bindings for name in each})
    found = []
    for name in keys:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            suggestion = f"; did you mean {near[0]!r}?" if near else ""
            found.append(f"[tui] keys: nothing is called {name!r}{suggestion}")
        wrong = [key for each in keys[name].split(",") if (key := each.strip()) and not is_key(key)]
        found += [f"[tui] keys: {key!r} of {name!r} is no key, as ctrl+n, f7 and slash are" for key in wrong]
    everywhere = next((each for each in bindings if EVERYWHERE in each), {})
    for each in bindings:
        is_alone = each is everywhere or not dialogs.isdisjoint(each)
        taken = {} if is_alone else {key: name for name, key in _single(everywhere, keys)}
        for name, key in _single(each, keys):
            other = taken.setdefault(key, name)
            if other != name and (name in keys or other in keys):
                found.append(f"[tui] keys: {other!r} and {name!r} have the same key, {key}")
    return found


def _keys_of(kind: type[DOMNode]) -> dict[str, str]:
    """Return the keys of a class by the ids of bindings, with those that it has from others of ours."""
    found: dict[str, list[str]] = {}
    for binding in our_bindings(kind):
        if binding.id:
            found.setdefault(binding.id, []).append(binding.key)
    return {name: ",".join(keys) for name, keys in found.items()}


def is_key(name: str) -> bool:
    """Tell whether a key is called so: "a", "f7", "ctrl+shift+left", "question_mark"."""
    *modifiers, last = name.split("+") if name != "+" else ["+"]
    if not set(modifiers) <= _MODIFIERS:
        return False
    if len(last) == 1 or last in _NAMES:
        return True
    try:
        unicodedata.lookup(last.replace("_", " ").upper())
    except KeyError:
        return False
    return last.islower()


def _single(bindings: Mapping[str, str], keys: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield every key of bindings with what it does, as the config has it."""
    for name, default in bindings.items():
        for key in keys.get(name, default).split(","):
            if key.strip():
                yield name, key.strip()


def key_name(key: str) -> str:
    """Return a key as it is printed on a keyboard: "Ctrl+C", "Shift+Tab", "F1", "↑"."""
    *modifiers, last = key.split("+") if key != "+" else ["+"]
    named = _KEY_NAMES.get(last) or (last.upper() if len(last) == 1 and modifiers else last)
    named = named[:1].upper() + named[1:] if len(named) > 1 else named
    return "+".join([*(modifier.capitalize() for modifier in modifiers), named])


def _kinds(kind: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)
