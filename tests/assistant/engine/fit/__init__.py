"""Tests of planning what of a model goes where."""
