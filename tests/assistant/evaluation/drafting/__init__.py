"""Tests of drafting questions from files."""
