"""The thin client of the daemon's API: standard library only, and quick to import."""

from indexer.client.connection import Breaker, BrokenOffError
from indexer.client.requests import IndexerClient
from indexer.client.starting import connect, rebuild

__all__ = ["Breaker", "BrokenOffError", "IndexerClient", "connect", "rebuild"]
