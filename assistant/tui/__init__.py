"""The terminal app: shows the state of answering and of the daemon, and decides nothing.

Nobody else imports Textual or Rich.
"""

from typing import TYPE_CHECKING

from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.config import Settings


def run_tui(places: Places, settings: "Settings") -> int:
    """Open the app on this terminal, and return its exit code when it is left."""
    # deferred: importing Textual is most of the time until the first paint.
    from assistant.tui.app import KbApp
    from assistant.tui.backend import Backend

    app = KbApp(Backend(places, settings))
    app.run()
    return app.return_code or 0
