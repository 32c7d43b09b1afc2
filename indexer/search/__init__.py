"""Retrieval: a question in, passages with scores and highlighted sentences out."""

from indexer.search.finding import FilteredIndex, Found, find
from indexer.search.retrieve import SearchIndex, search

__all__ = ["FilteredIndex", "Found", "SearchIndex", "find", "search"]
