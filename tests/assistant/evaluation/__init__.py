"""Tests of measuring one's own questions on one's own files."""
