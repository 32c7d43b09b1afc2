"""Which command opens a file at a place."""

from pathlib import Path

import pytest

from assistant.config import TuiSettings
from assistant.tui.editors import Opening, command_for
from indexer.errors import UsageError
from indexer.types import Locator

NOTE = Path("/notes/my plan.md")
PAPER = Path("/papers/leases.pdf")
DESKTOP = {"DISPLAY": ":0"}
LINE = Locator(line_start=7, line_end=9)
PAGE = Locator(page_start=3, page_end=3)


def arguments(editor: str) -> tuple[str, ...]:
    """Return what opens a note at its line with an editor."""
    return command_for(NOTE, LINE, TuiSettings(), {"EDITOR": editor, **DESKTOP}).arguments


@pytest.mark.parametrize(
    ("editor", "expected"),
    [
        ("vim", ("vim", "+7", str(NOTE))),
        ("/usr/bin/nvim", ("/usr/bin/nvim", "+7", str(NOTE))),
        ("nano -l", ("nano", "-l", "+7", str(NOTE))),
        ("micro", ("micro", "+7", str(NOTE))),
        ("joe", ("joe", "+7", str(NOTE))),
        ("kak", ("kak", "+7", str(NOTE))),
        ("hx", ("hx", f"{NOTE}:7")),
        ("emacs -nw", ("emacs", "-nw", "+7", str(NOTE))),
        ("code --wait", ("code", "--wait", "-g", f"{NOTE}:7")),
        ("subl", ("subl", f"{NOTE}:7")),
        ("kate", ("kate", "-l", "7", str(NOTE))),
        ("pycharm", ("pycharm", "--line", "7", str(NOTE))),
        ("ed", ("ed", str(NOTE))),
    ],
)
def test_an_editor_is_told_the_line_in_its_own_way(editor: str, expected: tuple[str, ...]) -> None:
    """The path is one argument whatever it holds; of an editor that is not known only the file is asked."""
    assert arguments(editor) == expected


@pytest.mark.parametrize(
    ("editor", "is_in_terminal"),
    [("vim", True), ("emacs -nw", True), ("emacs", False), ("code", False), ("my-editor", True)],
)
def test_who_needs_the_terminal_gets_it(editor: str, is_in_terminal: bool) -> None:
    """Editors with a window do not; one that nobody knows may."""
    opening = command_for(NOTE, LINE, TuiSettings(), {"EDITOR": editor, **DESKTOP})
    assert opening.is_in_terminal == is_in_terminal


def test_emacs_without_a_desktop_needs_the_terminal() -> None:
    """It has no window there."""
    assert command_for(NOTE, LINE, TuiSettings(), {"EDITOR": "emacs"}).is_in_terminal


def test_the_config_goes_before_visual_and_that_before_editor() -> None:
    """`[tui] editor`, `VISUAL`, `EDITOR`, and vi where nobody says."""
    both = {"VISUAL": "nvim", "EDITOR": "nano"}
    assert command_for(NOTE, LINE, TuiSettings(editor="hx"), both).arguments[0] == "hx"
    assert command_for(NOTE, LINE, TuiSettings(), both).arguments[0] == "nvim"
    assert command_for(NOTE, LINE, TuiSettings(), {"EDITOR": "nano"}).arguments[0] == "nano"
    assert command_for(NOTE, LINE, TuiSettings(), {}).arguments[0] == "vi"


def test_a_template_says_where_path_and_line_stand() -> None:
    """What a path holds is never read as a template or as further arguments."""
    odd = Path("/notes/{line} $(x).md")
    settings = TuiSettings(editor="edit --at {line} '{path}'")
    assert command_for(odd, LINE, settings, {}).arguments == ("edit", "--at", "7", str(odd))


def test_a_template_without_a_path_gets_it_at_the_end() -> None:
    """So "--line {line}" is enough."""
    settings = TuiSettings(editor="edit --line={line}")
    assert command_for(NOTE, LINE, settings, {}).arguments == ("edit", "--line=7", str(NOTE))


def test_an_opener_of_the_config_goes_before_everything() -> None:
    """By ending, with or without its dot, in any case."""
    settings = TuiSettings(openers={".PDF": "zathura -P {page} {path}", "md": "glow"})
    assert command_for(PAPER, PAGE, settings, {}).arguments == ("zathura", "-P", "3", str(PAPER))
    assert command_for(NOTE, LINE, settings, DESKTOP).arguments == ("glow", str(NOTE))


@pytest.mark.parametrize(
    ("viewer", "expected"),
    [
        ("org.gnome.Evince.desktop", ("evince", "--page-index=3", str(PAPER))),
        ("org.kde.okular.desktop", ("okular", "--page", "3", str(PAPER))),
        ("org.pwmt.zathura-pdf-poppler.desktop", ("zathura", "--page=3", str(PAPER))),
        ("firefox.desktop", ("firefox", f"file://{PAPER}#page=3")),
    ],
)
def test_the_viewer_of_the_desktop_is_told_the_page(viewer: str, expected: tuple[str, ...]) -> None:
    """Those that are known, each in its own way."""
    assert command_for(PAPER, PAGE, TuiSettings(), DESKTOP, viewer=viewer).arguments == expected


def test_what_has_no_lines_goes_to_the_desktop() -> None:
    """Whatever the desktop chooses."""
    assert command_for(PAPER, PAGE, TuiSettings(), DESKTOP) == Opening(
        arguments=("xdg-open", str(PAPER)), is_by_desktop=True
    )
    assert command_for(PAPER, PAGE, TuiSettings(), {}, is_mac=True).arguments == ("open", str(PAPER))


def test_without_a_desktop_it_is_said_what_to_name() -> None:
    """As over SSH."""
    with pytest.raises(UsageError, match=r"no desktop here that could open leases\.pdf") as caught:
        command_for(PAPER, PAGE, TuiSettings(), {"EDITOR": "vim"})
    assert "openers = { pdf =" in caught.value.hint


def test_a_command_with_an_open_quote_is_refused() -> None:
    """With the setting that holds it."""
    with pytest.raises(UsageError, match="no command"):
        command_for(NOTE, LINE, TuiSettings(editor="vim 'x"), {})


def test_what_opens_other_files_has_a_window_unless_it_is_known() -> None:
    """Viewers mostly have; readers in a terminal are known by name."""
    settings = TuiSettings(openers={"pdf": "my-viewer", "epub": "epy"})
    assert not command_for(PAPER, PAGE, settings, {}).is_in_terminal
    assert command_for(Path("/books/dune.epub"), Locator(), settings, {}).is_in_terminal
