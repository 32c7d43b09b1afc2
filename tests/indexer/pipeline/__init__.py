"""Tests of the parts of the pipeline."""
