"""Tests of the indexes beside each other."""
