"""Drawing chunks at random, spread over files and kinds of files."""

from hypothesis import given
from hypothesis import strategies as st

from indexer.catalog.sampling import spread

KINDS = st.lists(
    st.dictionaries(st.integers(0, 50), st.integers(1, 5), min_size=1, max_size=8), min_size=1, max_size=4
).map(
    lambda kinds: [
        {kind * 100 + file: chunks for file, chunks in files.items()} for kind, files in enumerate(kinds)
    ]
)


@given(kinds=KINDS, seed=st.integers())
def test_every_chunk_comes_once_and_the_seed_decides_the_order(
    kinds: list[dict[int, int]], seed: int
) -> None:
    """Nothing is drawn twice, nothing is left out, and the same seed draws the same."""
    drawn = list(spread(kinds, seed=seed))
    every = [(file, at) for kind in kinds for file, chunks in kind.items() for at in range(chunks)]
    assert sorted(drawn) == sorted(every)
    assert drawn == list(spread(kinds, seed=seed))


@given(kinds=KINDS, seed=st.integers())
def test_kinds_and_files_take_turns(kinds: list[dict[int, int]], seed: int) -> None:
    """As long as every kind has files left, none is behind by more than one, nor is any file."""
    drawn = list(spread(kinds, seed=seed))
    even = min(map(len, kinds)) * len(kinds)
    counts = [sum(file in kind for file, _ in drawn[:even]) for kind in kinds]
    assert max(counts) - min(counts) <= 1
    for kind in kinds:
        of_kind = [file for file, _ in drawn if file in kind]
        assert len(set(of_kind[: len(kind)])) == len(kind)
