"""Tests of asking other model servers."""
