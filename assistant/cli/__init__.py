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
    try:
        # deferred: whoever imports a module of this package does not want click.
        from assistant.cli.app import run_app

        code = run_app(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        # before there is anything that could say it better.
        sys.stderr.write("kb: interrupted\n")
        code = 130
    sys.exit(code)
