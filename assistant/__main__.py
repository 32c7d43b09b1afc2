"""`python -m assistant` is `kb`."""

from assistant.cli import main

if __name__ == "__main__":
    main()
