"""Retrieval: a question in, passages with scores and highlighted sentences out."""

from indexer.search.candidates import SearchIndex
from indexer.search.explaining import explain
from indexer.search.finding import Aim, FilteredIndex, Found, find, take_aim
from indexer.search.offering import offer
from indexer.search.retrieve import search
from indexer.search.wanted import UnwantedError, check_wanted, while_wanted

__all__ = [
    "Aim",
    "FilteredIndex",
    "Found",
    "SearchIndex",
    "UnwantedError",
    "check_wanted",
    "explain",
    "find",
    "offer",
    "search",
    "take_aim",
    "while_wanted",
]
