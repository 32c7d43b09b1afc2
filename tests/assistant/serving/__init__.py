"""Tests of answering other programs."""
