"""Another embedding model in the config, through the running daemon and with real models."""

import time
from collections.abc import Callable
from pathlib import Path

from indexer.client import IndexerClient, connect
from tests.homes import short_home
from tests.models.tiny_embedder import write_tiny_embedder


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that the daemon brings about."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def answering(client: IndexerClient) -> str | None:
    """Return the model of the index that answers; `None` while it is being loaded."""
    embedding = client.status()["embedding"]
    return str(embedding["model"]) if embedding else None


def test_another_model_takes_over_and_going_back_embeds_nothing(tmp_path: Path) -> None:
    """The old index answers while the new one is built, and is there as it was when it is wanted again."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.md").write_text(f"Note {number} is about the weather.\n", encoding="utf-8")
    (folder / "hens.md").write_text("The hens lay eggs in the barn.\n", encoding="utf-8")
    model = tmp_path / "other model"
    write_tiny_embedder(model)
    with short_home() as places:
        client = connect(places)
        client.add_root(folder)
        assert list(client.progress())[-1].is_idle
        assert answering(client) == "all-MiniLM-L6-v2"
        embedded = client.status()["embedded_total"]
        assert embedded == 41
        client.stop()

        places.config_file.write_text(f"[embedding]\nmodel = '{model}'\n", encoding="utf-8")
        client = connect(places)
        assert client.search("where do the hens lay?").passages[0].path == folder / "hens.md"
        until(lambda: answering(client) == "other model")
        until(lambda: client.status()["building"] is None)
        assert client.status()["files"]["indexed"] == 41
        assert any("hens" in passage.text for passage in client.search("hens").passages)
        client.stop()

        places.config_file.unlink()
        client = connect(places)
        until(lambda: answering(client) == "all-MiniLM-L6-v2")
        status = client.status()
        assert (status["building"], status["embedded_total"]) == (None, embedded)
        assert client.search("where do the hens lay?").passages[0].path == folder / "hens.md"
        client.stop()
