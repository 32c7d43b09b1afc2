"""Measurements: `make bench` runs those that need no data of their own."""
