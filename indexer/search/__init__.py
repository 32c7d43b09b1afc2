"""Retrieval: a question in, passages with scores and highlighted sentences out."""

from indexer.search.retrieve import SearchIndex, search

__all__ = ["SearchIndex", "search"]
