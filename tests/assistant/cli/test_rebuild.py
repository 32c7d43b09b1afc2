"""`kb indexer rebuild`: the remedy that a changed embedding model asks for."""

import sqlite3
from pathlib import Path

from tests.assistant.cli.kb import kb
from tests.homes import short_home


def test_an_index_of_another_model_is_refused_and_rebuilt(tmp_path: Path) -> None:
    """Search names both models and the remedy, and the remedy makes it work again."""
    (tmp_path / "cabin.md").write_text("# Cabin\n\nThe wifi password is heron-lake-42.\n", encoding="utf-8")
    with short_home() as places:
        home = places.home
        try:
            assert kb(home, "add", str(tmp_path)).code == 0
            assert kb(home, "indexer", "stop").code == 0
            with sqlite3.connect(places.catalog_file) as catalog:
                catalog.execute("UPDATE meta SET value = 'another' WHERE key IN ('fingerprint', 'model')")
            catalog.close()
            refused = kb(home, "search", "wifi password")
            assert (refused.code, refused.out) == (3, "")
            assert refused.err.startswith("kb: error: the index holds embeddings of another (another), the")
            assert refused.err.endswith("run `kb indexer rebuild`, or set [embedding] model back\n")
            rebuilt = kb(home, "indexer", "rebuild")
            assert rebuilt.code == 0, rebuilt.err
            assert rebuilt.out == "1 file new or changed, 1 chunk indexed; the index holds 1 file\n"
            assert "heron-lake-42" in kb(home, "search", "wifi password").out
        finally:
            kb(home, "indexer", "stop")
