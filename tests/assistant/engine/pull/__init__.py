"""Tests of downloading, against a hub of our own on loopback."""
