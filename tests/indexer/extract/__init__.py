"""Tests of the formats, each with files made on the spot."""
