"""The terminal app: shows the state of answering and of the daemon, and decides nothing.

Nobody else imports Textual or Rich.
"""

import gc
import os

from indexer.paths import Places

# how often a second Textual draws at most, which it reads when it is loaded. Of 60 a key that was
# pressed while an answer is drawn waits another 17 ms for the next.
os.environ.setdefault("TEXTUAL_FPS", "120")


def run_tui(places: Places) -> int:
    """Open the app on this terminal, and return its exit code when it is left.

    Raises:
        ConfigError: If the config cannot be honoured; the app is closed by then.
    """
    # nothing that is loaded for the first paint is garbage; the app turns the collector on again.
    gc.disable()
    # deferred: importing Textual is most of the time until the first paint.
    from assistant.tui.app import KbApp
    from assistant.tui.backend import Backend

    app = KbApp(Backend(places))
    app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0
