"""Tests of the model engine, most of them with a real process and a real llama.cpp."""
