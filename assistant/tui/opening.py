"""Opening files in the programs that people use for them; asks first where that is not harmless."""

import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from assistant.terminal import plain_line
from assistant.tui.editors import Opening, command_for
from assistant.tui.state import with_hint
from assistant.tui.threads import in_thread
from indexer.errors import KbError, UsageError
from indexer.types import Locator

if TYPE_CHECKING:
    from textual.app import App

    from assistant.config import TuiSettings

SETTLED_S = 3.0
"""A program that has not failed by then is up."""

PROGRAMS = frozenset(
    {"desktop", "exe", "bat", "cmd", "com", "msi", "ps1", "vbs", "scpt", "command", "app", "jar", "appimage"}
    | {"run", "bin", "sh", "bash", "zsh", "py", "pl", "rb", "js"}
)
"""Endings of files that a desktop may run rather than show."""


async def open_place(
    app: "App[Any]", path: Path, locator: Locator, settings: "TuiSettings", *, is_indexed: bool = True
) -> None:
    """Open a file at a place, and say why where that fails; runs in a worker.

    An editor that needs the terminal gets it until it ends.

    Args:
        app: Makes room, asks and says.
        path: An absolute path.
        locator: The place in it.
        settings: `[tui]`.
        is_indexed: Whether it is a file of the person's own index; of any other it is asked first.
    """
    try:
        opening, is_program = await in_thread(_prepare, path, locator, settings)
        if (is_program and opening.is_by_desktop) or not is_indexed:
            why = "is a program, which would be run" if is_program else "is not one of the indexed files"
            if not await _is_wanted(app, f"Open {path.name}?", f"{path}\n\n{path.name} {why}."):
                return
        if opening.is_in_terminal:
            _run_in_terminal(app, opening.arguments)
        else:
            await in_thread(_launch, opening.arguments)
    except KbError as error:
        app.notify(with_hint(error), severity="error")


async def open_target(
    app: "App[Any]", target: str, documents: Sequence[Path], settings: "TuiSettings"
) -> None:
    """Open what a link in a text points to; runs in a worker.

    Whatever is no file of the answer is asked about first.

    Args:
        app: Makes room, asks and says.
        target: As it stands in the text.
        documents: The files that the answer was made from.
        settings: `[tui]`.
    """
    bare = target.partition("#")[0]
    for path in documents:
        if bare and (str(path) == bare or str(path).endswith(f"/{bare.removeprefix('./')}")):
            await open_place(app, path, Locator(line_start=1), settings)
            return
    if "://" not in target and not target.startswith("mailto:"):
        local = Path(bare).expanduser()
        if local.is_absolute():
            await open_place(app, local, Locator(line_start=1), settings, is_indexed=False)
        else:
            app.notify(f"{plain_line(bare)} is none of the files of this answer", severity="warning")
        return
    if await _is_wanted(
        app, "Open this link?", f"{target}\n\nIt leads out of your files. Your browser would fetch it."
    ):
        try:
            command = "open" if sys.platform == "darwin" else "xdg-open"
            await in_thread(_launch, (command, target))
        except KbError as error:
            app.notify(with_hint(error), severity="error")


async def _is_wanted(app: "App[Any]", title: str, text: str) -> bool:
    # deferred: most openings ask nothing.
    from assistant.tui.widgets.dialogs import Confirm

    wanted: bool = await app.push_screen_wait(Confirm(title, text, yes="Open"))
    return wanted


def _prepare(path: Path, locator: Locator, settings: "TuiSettings") -> tuple[Opening, bool]:
    """Look at a file; return what opens it, and whether it is a program."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UsageError(
            f"{path} is not there any more", hint="it was moved or deleted since it was indexed"
        ) from error
    viewer = _viewer(path) if locator.page_start is not None else ""
    opening = command_for(path, locator, settings, os.environ, is_mac=sys.platform == "darwin", viewer=viewer)
    # some disks call every file executable, so that says little of one with an ending.
    is_executable = stat.S_ISREG(mode) and bool(mode & 0o111) and not path.suffix
    is_program = is_executable or path.suffix.lower().removeprefix(".") in PROGRAMS
    return opening, is_program


def _viewer(path: Path) -> str:
    """Return the name of the desktop's program for PDF files; empty if nobody says."""
    if path.suffix.lower() != ".pdf" or shutil.which("xdg-mime") is None:
        return ""
    try:
        asked = subprocess.run(
            ["xdg-mime", "query", "default", "application/pdf"],
            capture_output=True,
            text=True,
            timeout=SETTLED_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout.strip()


def _run_in_terminal(app: "App[Any]", arguments: Sequence[str]) -> None:
    """Give the terminal away until a program ends; nothing is drawn meanwhile."""
    try:
        with app.suspend():
            ended = subprocess.run(list(arguments), check=False)
    except SuspendNotSupported as error:
        raise UsageError(
            f"{arguments[0]} needs a terminal of its own, and this one cannot be given away",
            hint='name an editor with a window in the config, as in `[tui] editor = "code"`',
        ) from error
    except OSError as error:
        raise _no_program(arguments[0], error) from error
    app.refresh(layout=True)
    if ended.returncode:
        raise UsageError(f"{arguments[0]} ended with code {ended.returncode}")


def _launch(arguments: Sequence[str]) -> None:
    """Start a program with a window of its own, and leave it to itself once it is up."""
    try:
        started = subprocess.Popen(
            list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise _no_program(arguments[0], error) from error
    try:
        code = started.wait(SETTLED_S)
    except subprocess.TimeoutExpired:
        # it runs; somebody must take note of its end, or its entry stays in the process table.
        threading.Thread(target=started.wait, name="opened", daemon=True).start()
        return
    if code:
        raise UsageError(f"{arguments[0]} could not open it: it ended with code {code}")


def _no_program(name: str, error: OSError) -> UsageError:
    return UsageError(
        f"{name} cannot be run: {(error.strerror or 'unknown error').lower()}",
        hint="[tui] editor and [tui] openers name the programs that open files",
    )
