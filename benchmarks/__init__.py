"""Measurements: `make bench` runs those that need no data of their own."""

# before anything loads Textual, which reads then how often it draws.
import assistant.tui  # noqa: F401
