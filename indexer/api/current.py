"""The index that answers at the moment; it may be another one at the next request."""

from typing import Protocol

from indexer.index import Index
from indexer.pipeline import Pipeline


class Current(Protocol):
    """What the routes look at anew for every request; see `indexer.editions`."""

    @property
    def index(self) -> Index:
        """What is listed and searched."""

    @property
    def pipeline(self) -> Pipeline:
        """What brings that index up to date."""
