"""Faults of the app itself: one sentence for the person, and the place in the code for the log."""

import logging
import traceback
from pathlib import Path

from indexer import logs
from indexer.errors import KbError
from indexer.paths import Places

logger = logging.getLogger(__name__)

_PACKAGE = Path(__file__).resolve().parents[2]


def log_file(places: Places) -> Path:
    """Return where the app logs."""
    return places.log_dir / "app.log"


def begin_log(places: Places) -> None:
    """Log to the file from now on, and never to the terminal.

    Raises:
        ConfigError: If it cannot be written.
    """
    places.create()
    logs.set_up(log_file(places), level=logging.WARNING, is_said=False)


def fault(error: BaseException, places: Places) -> KbError:
    """Log what ended the app, and return what a person is told of it."""
    logger.error("app.failed", exc_info=error)
    return KbError(
        f"the app failed and was closed: {type(error).__name__}{_place(error)}",
        hint=f"`kb` opens it again, with all answers that were finished; more is in {log_file(places)}",
    )


def _place(error: BaseException) -> str:
    """Say where in our own code that was, or nothing if it was not in ours."""
    ours = [
        (Path(frame.filename).relative_to(_PACKAGE), frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(f"{_PACKAGE}/") and "site-packages" not in frame.filename
    ]
    return f" in {ours[-1][0]}, line {ours[-1][1]}" if ours else ""
