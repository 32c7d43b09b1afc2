"""Tests of `kb doctor`."""
