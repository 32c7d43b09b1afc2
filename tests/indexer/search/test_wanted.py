"""Whether anybody still waits for a search."""

import pytest

from indexer.search import UnwantedError, check_wanted, while_wanted


def test_a_search_goes_on_while_it_is_wanted() -> None:
    """And where nobody says whether it is."""
    check_wanted()
    with while_wanted(lambda: True):
        check_wanted()
    with while_wanted(lambda: False), pytest.raises(UnwantedError):
        check_wanted()
    check_wanted()
