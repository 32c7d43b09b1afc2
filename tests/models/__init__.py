"""Models for tests, and how they are made."""
