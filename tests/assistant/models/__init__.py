"""Tests of what both faces say of models."""
