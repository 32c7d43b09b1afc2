"""Tests of `kb models`."""
