"""Where things are kept, and who may read them."""

from pathlib import Path

import pytest

from indexer.errors import ConfigError
from indexer.paths import Places
from tests.homes import short_home


def test_kb_home_moves_everything(tmp_path: Path) -> None:
    """Config, catalog, vectors, sockets and logs all stand under `KB_HOME`."""
    places = Places.discover({"KB_HOME": str(tmp_path)})
    everything = (
        places.config_file,
        places.catalog_file,
        places.chroma_dir,
        places.indexer_socket,
        places.engine_socket,
        places.log_dir,
        places.models_dir,
    )
    assert all(path.is_relative_to(tmp_path) for path in everything)


def test_without_kb_home_the_places_of_the_system_are_taken() -> None:
    """An empty environment still gives absolute paths, named after kb."""
    places = Places.discover({})
    assert places.home.is_absolute()
    assert places.home.name == "kb"
    assert places.config_file.parent.name == "kb"


def test_directories_are_closed_to_others() -> None:
    """A home that others could read is closed when it is used."""
    with short_home() as places:
        places.home.chmod(0o755)
        places.create()
        for directory in (places.home, places.run_dir, places.log_dir, places.work_dir):
            assert directory.stat().st_mode & 0o777 == 0o700


def test_a_home_that_was_made_read_only_stays_so() -> None:
    """Closing a directory to others never gives its owner more than they had."""
    with short_home() as places:
        places.home.chmod(0o555)
        places.create()
        assert places.home.stat().st_mode & 0o777 == 0o500
        places.home.chmod(0o700)


def test_a_socket_path_too_long_is_refused_by_its_length(tmp_path: Path) -> None:
    """The sentence gives the path, its length and the limit; the hint is a shorter home."""
    home = tmp_path / ("x" * 120)
    places = Places(config_file=home / "config.toml", home=home)
    with pytest.raises(ConfigError) as caught:
        places.create()
    length = len(str(places.indexer_socket))
    assert caught.value.message == (
        f"the socket path {places.indexer_socket} is {length} bytes long, and the system allows 103"
    )
    assert caught.value.hint == "set KB_HOME to a shorter directory"
    assert not home.exists()


def test_another_edition_of_the_index_has_a_place_of_its_own() -> None:
    """Catalog and vectors of two embedding models never share a directory; sockets and logs are shared."""
    with short_home() as first:
        second = Places(config_file=first.config_file, home=first.home, edition="other")
        second.create()
        assert second.catalog_file.parent == second.chroma_dir.parent == first.home / "editions" / "other"
        assert second.catalog_file.parent.stat().st_mode & 0o777 == 0o700
        assert (second.indexer_socket, second.log_dir) == (first.indexer_socket, first.log_dir)
