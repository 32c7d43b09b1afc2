"""The command line, `kb`: one module per group of commands, imported when called.

`output` alone writes stdout, `diagnostics` alone writes stderr and knows the
exit codes.
"""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `kb` and exit with its code.

    Args:
        arguments: Stand for `sys.argv[1:]`.
    """
    # deferred: whoever imports a module of this package does not want click.
    from assistant.cli.app import run_app

    sys.exit(run_app(sys.argv[1:] if arguments is None else arguments))
