"""The terminal app: shows the state of answering and of the daemon, and decides nothing.

Nobody else imports Textual or Rich.
"""

import gc

from indexer.paths import Places


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
