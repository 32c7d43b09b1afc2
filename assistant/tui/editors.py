"""Which command opens a file at a place; pure."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.config import TuiSettings
from indexer.errors import UsageError
from indexer.types import Locator

Arguments = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a file is opened."""

    arguments: Arguments
    """The command and what is given to it; no shell reads them."""

    is_in_terminal: bool = False
    """Whether it takes over this terminal until it ends."""

    is_by_desktop: bool = False
    """Whether the desktop chooses what opens it, and so may run a file that is a program."""


def _plus(path: str, line: int) -> Arguments:
    return (f"+{line}", path)


def _colon(path: str, line: int) -> Arguments:
    return (f"{path}:{line}",)


def _goto(path: str, line: int) -> Arguments:
    return ("-g", f"{path}:{line}")


def _dash_l(path: str, line: int) -> Arguments:
    return ("-l", str(line), path)


def _dash_dash_line(path: str, line: int) -> Arguments:
    return ("--line", str(line), path)


_IN_TERMINAL: dict[str, Callable[[str, int], Arguments]] = {
    **dict.fromkeys(("vi", "vim", "nvim", "nvi", "view", "vis", "neatvi", "elvis"), _plus),
    **dict.fromkeys(("nano", "pico", "rnano", "micro", "joe", "jmacs", "jstar", "jpico", "mcedit"), _plus),
    **dict.fromkeys(("kak", "kakoune", "ne", "mg", "zile", "jove", "dte", "less", "more", "most"), _plus),
    **dict.fromkeys(("hx", "helix", "tilde", "amp"), _colon),
}
"""Editors that need this terminal, and how each is told the line."""

_IN_WINDOW: dict[str, Callable[[str, int], Arguments]] = {
    **dict.fromkeys(("code", "code-insiders", "codium", "vscodium", "cursor", "windsurf", "positron"), _goto),
    **dict.fromkeys(("subl", "sublime_text", "zed", "zeditor", "lapce", "pulsar", "atom"), _colon),
    **dict.fromkeys(("gvim", "mvim", "gedit", "gnome-text-editor", "pluma", "xed", "geany", "bbedit"), _plus),
    **dict.fromkeys(("kate", "kwrite", "mate", "mousepad"), _dash_l),
    **dict.fromkeys(("idea", "pycharm", "webstorm", "clion", "goland", "rubymine"), _dash_dash_line),
}
"""Editors that have a window of their own."""

_READERS = frozenset(
    {"glow", "mdcat", "bat", "batcat", "w3m", "lynx", "links", "elinks", "vd", "visidata", "epy"}
)
"""Programs that show files in this terminal, and are told no line."""

_EMACS = frozenset({"emacs", "emacsclient"})
_EMACS_IN_TERMINAL = frozenset({"-nw", "-t", "-tty", "--tty", "--no-window-system"})

_AT_PAGE: dict[str, Callable[[str, int], Arguments]] = {
    "evince": lambda path, page: ("evince", f"--page-index={page}", path),
    "atril": lambda path, page: ("atril", f"--page-index={page}", path),
    "papers": lambda path, page: ("papers", f"--page-index={page}", path),
    "xreader": lambda path, page: ("xreader", f"--page-index={page}", path),
    "okular": lambda path, page: ("okular", "--page", str(page), path),
    "zathura": lambda path, page: ("zathura", f"--page={page}", path),
    "sioyek": lambda path, page: ("sioyek", "--page", str(page), path),
    "mupdf": lambda path, page: ("mupdf", path, str(page)),
    "xpdf": lambda path, page: ("xpdf", path, str(page)),
    "qpdfview": lambda path, page: ("qpdfview", f"{path}#{page}"),
}
"""Viewers of PDF files, and how each is told the page."""

_BROWSERS = ("firefox", "chromium", "google-chrome", "brave", "microsoft-edge", "vivaldi", "librewolf")
_FIELD = re.compile(r"\{(path|line|page)\}")


def command_for(
    path: Path,
    locator: Locator,
    settings: TuiSettings,
    environ: Mapping[str, str],
    *,
    is_mac: bool = False,
    viewer: str = "",
) -> Opening:
    """Choose what opens a file, at its line or page where that can be said.

    What the settings name for its ending comes first; a text, which is what has lines, goes to the
    editor; everything else to the desktop.

    Args:
        path: An absolute path.
        locator: The place in it.
        settings: `[tui]`.
        environ: Where `VISUAL`, `EDITOR` and the desktop are named.
        is_mac: Whether the desktop is that of a Mac.
        viewer: The name of the desktop's program for such files ("org.gnome.Evince.desktop"); empty
            where that is not known.

    Raises:
        UsageError: If there is no desktop, or what the settings say is no command.
    """
    ending = path.suffix.lower().removeprefix(".")
    openers = {name.lower().removeprefix("."): command for name, command in settings.openers.items()}
    if (template := openers.get(ending, "")).strip():
        return _in_place(_words(template, f"[tui] openers {ending}"), path, locator, needs_terminal=_may_read)
    if locator.line_start is not None:
        return _edited(path, locator, settings, environ, is_mac=is_mac)
    if is_mac:
        return Opening(arguments=("open", str(path)), is_by_desktop=True)
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        raise UsageError(
            f"there is no desktop here that could open {path.name}",
            hint=f'name a program in the config, as in `[tui] openers = {{ {ending or "pdf"} = "…" }}`',
        )
    if locator.page_start is not None and (known := _at_page(path, locator.page_start, viewer)):
        return Opening(arguments=known)
    return Opening(arguments=("xdg-open", str(path)), is_by_desktop=True)


def _edited(
    path: Path,
    locator: Locator,
    settings: TuiSettings,
    environ: Mapping[str, str],
    *,
    is_mac: bool,
) -> Opening:
    named = settings.editor or environ.get("VISUAL", "") or environ.get("EDITOR", "")
    has_desktop = is_mac or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))

    def needs_terminal(name: str, words: list[str]) -> bool:
        if name in _EMACS:
            return not has_desktop or any(word in _EMACS_IN_TERMINAL for word in words[1:])
        # one that nobody knows may need it; with a window of its own it only ends sooner.
        return name not in _IN_WINDOW

    return _in_place(_words(named, "the editor") or ["vi"], path, locator, needs_terminal=needs_terminal)


def _may_read(name: str, words: list[str]) -> bool:
    """Tell whether a program that opens files of one ending needs this terminal."""
    return name in _IN_TERMINAL or name in _READERS or any(word in _EMACS_IN_TERMINAL for word in words[1:])


def _in_place(
    words: list[str], path: Path, locator: Locator, *, needs_terminal: Callable[[str, list[str]], bool]
) -> Opening:
    """Put a file and the place in it into a command."""
    name = Path(words[0]).name.lower()
    line = locator.line_start
    in_terminal = needs_terminal(name, words)
    if any(_FIELD.search(word) for word in words):
        fields = {"path": str(path), "line": str(line or 1), "page": str(locator.page_start or 1)}
        filled = [_FIELD.sub(lambda found: fields[found[1]], word) for word in words]
        if not any("{path}" in word for word in words):
            filled.append(str(path))
        return Opening(arguments=tuple(filled), is_in_terminal=in_terminal)
    placed = _plus if name in _EMACS else _IN_TERMINAL.get(name) or _IN_WINDOW.get(name)
    where = placed(str(path), line) if placed and line else (str(path),)
    return Opening(arguments=(*words, *where), is_in_terminal=in_terminal)


def _words(command: str, whose: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{whose} is no command: {command}", hint="its quotes must be in pairs") from error


def _at_page(path: Path, page: int, viewer: str) -> Arguments | None:
    name = viewer.lower().removesuffix(".desktop").rpartition(".")[2]
    for known, placed in _AT_PAGE.items():
        if known in name:
            return placed(str(path), page)
    if any(browser in viewer.lower() for browser in _BROWSERS):
        return (name, f"{path.as_uri()}#page={page}")
    return None
