"""`python -m indexer`: the daemon in the foreground, for service managers and for `kb` itself."""

import sys

from indexer.daemon import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
