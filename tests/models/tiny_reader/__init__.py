"""A tiny language model that answers from passages: its recipe and its measure."""
