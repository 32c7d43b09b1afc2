"""Tests of the worker child and its supervisor."""
