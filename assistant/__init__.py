"""From a question to a cited answer: the half of kb that a person talks to."""

__version__ = "0.1.0"
