"""Tests of rewriting follow-ups."""
