"""Tests of the door to catalog and vectors."""
