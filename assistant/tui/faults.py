"""Faults of the app itself: one sentence for the person, and the place in the code for the log."""

import logging
import traceback
from pathlib import Path

from indexer import logs
from indexer.errors import KbError
from indexer.paths import Places

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[2]


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
        (path.relative_to(_ROOT), line)
        for path, line in (
            (Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(error.__traceback__)
        )
        if path.is_relative_to(_ROOT) and _is_ours(path.relative_to(_ROOT))
    ]
    return f" in {ours[-1][0]}, line {ours[-1][1]}" if ours else ""


def _is_ours(path: Path) -> bool:
    """Tell whether a file beside our packages is of the project.

    Beside them lies its environment in a checkout, and everybody else's code where they are installed.
    """
    if _ROOT.name == "site-packages":
        return path.parts[0] in {"assistant", "indexer"}
    return "site-packages" not in path.parts
