"""Tests of how the API is served."""
