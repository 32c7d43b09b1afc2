"""Tests of `kb eval`."""
