"""Chinese, Japanese, Thai and Korean are searched by pairs of letters."""

import sqlite3
from collections.abc import Iterator

import pytest

from indexer.catalog.schema import migrate
from indexer.catalog.unspaced import MOST_PAIRS, is_unspaced, pairs_of, rank_unspaced

TEXTS = ["東京の天気は晴れ", "大阪の天気は雨", "plain words", "東京タワー"]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A catalog of a file for each text."""
    opened = sqlite3.connect(":memory:", isolation_level=None)
    migrate(opened)
    opened.execute("INSERT INTO roots VALUES (1, '/vault')")
    for at, text in enumerate(TEXTS, start=1):
        opened.execute(
            "INSERT INTO files (id, root, path, size_bytes, mtime_ns, inode, status)"
            " VALUES (?, 1, ?, 1, 1, 1, 'indexed')",
            (at, f"/vault/{at}.md".encode()),
        )
        opened.execute("INSERT INTO vectors VALUES (?, ?, x'00')", (at, bytes([at])))
        opened.execute("INSERT INTO chunks VALUES (?, ?, 0, ?, '{}')", (at, at, at))
        opened.execute(
            "INSERT INTO chunk_text (rowid, text, headings, name) VALUES (?, ?, '', '')", (at, text)
        )
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("東京の天気", ["東京", "京の", "の天", "天気"]),
        ("猫 と 犬", ["猫", "と", "犬"]),
        ("in Tokyo 東京?", ["東京"]),
        ("서울은", ["서울", "울은"]),
        ("plain words, ünïcode", []),
        ("天" * 99, ["天天"]),
    ],
)
def test_runs_are_cut_into_pairs(text: str, pairs: list[str]) -> None:
    """Neighbours in a run are a pair, once each; other scripts have none."""
    assert pairs_of(text) == pairs


def test_only_so_many_pairs_are_looked_for() -> None:
    """A whole page as a question is cut off."""
    assert len(pairs_of("".join(map(chr, range(0x4E00, 0x4F00))))) == MOST_PAIRS


def test_rare_pairs_count_more(connection: sqlite3.Connection) -> None:
    """The chunk with all pairs is first, then what holds the rarer ones; no others come."""
    ranked = rank_unspaced(connection, pairs_of("東京の天気"), top_k=9, files=None)
    assert [chunk_id for chunk_id, _ in ranked] == [1, 2, 4]
    assert rank_unspaced(connection, pairs_of("東京の天気"), top_k=1, files=None) == ranked[:1]


def test_all_pairs_can_be_asked_for(connection: sqlite3.Connection) -> None:
    """Then a chunk that lacks one does not come."""
    ranked = rank_unspaced(connection, pairs_of("東京の天気"), top_k=9, files=None, needs_all=True)
    assert [chunk_id for chunk_id, _ in ranked] == [1]
    assert is_unspaced("東京 天気")
    assert not is_unspaced("東京 tower")


def test_a_scope_is_kept_to(connection: sqlite3.Connection) -> None:
    """Only chunks of the files named are ranked."""
    ranked = rank_unspaced(connection, pairs_of("東京の天気"), top_k=9, files={2, 3})
    assert [chunk_id for chunk_id, _ in ranked] == [2]


def test_without_pairs_nothing_is_looked_for(connection: sqlite3.Connection) -> None:
    """A question in another script ranks nothing."""
    assert rank_unspaced(connection, [], top_k=9, files=None) == []
