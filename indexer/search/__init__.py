"""Retrieval: a question in, passages with scores and highlighted sentences out."""

from indexer.search.candidates import SearchIndex
from indexer.search.explaining import explain
from indexer.search.finding import Aim, FilteredIndex, Found, find, take_aim
from indexer.search.offering import offer
from indexer.search.retrieve import search

__all__ = ["Aim", "FilteredIndex", "Found", "SearchIndex", "explain", "find", "offer", "search", "take_aim"]
