"""The command line, `kb`: one module per group of commands, imported when called.

`output` alone writes stdout, `diagnostics` alone writes stderr and knows the
exit codes. Without a command and on a terminal, `kb` is the app.
"""

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `kb` and exit with its code.

    Args:
        arguments: Stand for `sys.argv[1:]`.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = _open_app() if not given and _is_for_the_app() else _run(given)
    except KeyboardInterrupt:
        # before there is anything that could say it better.
        sys.stderr.write("kb: interrupted\n")
        code = 130
    sys.exit(code)


def _run(arguments: Sequence[str]) -> int:
    # deferred: whoever imports a module of this package does not want click.
    from assistant.cli.app import run_app

    return run_app(arguments)


def _is_for_the_app() -> bool:
    """Tell whether somebody sits at a terminal that can show more than lines."""
    # a shell whose tab key was pressed asks in this way.
    if "_KB_COMPLETE" in os.environ or os.environ.get("TERM", "") in {"", "dumb"}:
        return False
    return sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()


def _open_app() -> int:
    # deferred: no command needs it, and the app needs no click.
    from assistant.cli import diagnostics
    from assistant.tui import run_tui
    from indexer.paths import Places

    return diagnostics.run(lambda: run_tui(Places.discover()))
