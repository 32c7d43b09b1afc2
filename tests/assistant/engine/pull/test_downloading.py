"""Tests of downloading one file: going on, checking, and telling why not."""

import hashlib
import itertools
from pathlib import Path

import pytest

from assistant.engine.pull.downloading import (
    PAUSES_S,
    Fetched,
    Remote,
    check_room,
    download,
    is_there,
    look_at,
    missing_bytes,
)
from assistant.engine.pull.web import AnswerError, Web
from assistant.errors import DownloadError
from tests.assistant.engine.pull.conftest import Pauses
from tests.assistant.engine.pull.hub_server import FakeHub, breaking_off, model_bytes, refusing
from tests.models.wired_gguf import write_random_model

NAME = "acme/Robo-GGUF"
SIZE = 3_000_000
DATA = model_bytes(SIZE)


def remote(hub: FakeHub, data: bytes = DATA, *, has_hash: bool = True) -> Remote:
    """Publish a file and return where it stands."""
    hub.add(NAME, {"robo.gguf": data})
    return Remote(
        url=f"{hub.storage}/storage/{NAME}/robo.gguf",
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest() if has_hash else "",
    )


def fetch(web: Web, source: Remote, target: Path) -> list[Fetched]:
    """Download to the end."""
    return list(download(web, source, target))


def test_a_file_gets_its_name_when_it_is_whole(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """Until then it is a `.part` file, and afterwards nothing else is left."""
    target = tmp_path / "acme" / "robo.gguf"
    source = remote(hub)
    for fetched in download(web, source, target):
        assert not target.exists()
        assert fetched.done_bytes <= SIZE
    assert target.read_bytes() == DATA
    assert list(target.parent.iterdir()) == [target]
    assert is_there(source, target)


def test_a_broken_connection_is_taken_up_where_it_broke(
    hub: FakeHub, web: Web, tmp_path: Path, pauses: Pauses
) -> None:
    """Nothing comes twice."""
    hub.behaviours.extend([breaking_off(1_000_000), breaking_off(500_000)])
    fetched = fetch(web, remote(hub), tmp_path / "robo.gguf")
    assert (tmp_path / "robo.gguf").read_bytes() == DATA
    starts = [request.range for request in hub.byte_requests()]
    assert starts[0] == ""
    assert starts[1:] == ["bytes=1000000-", "bytes=1500000-"]
    # every piece that came begins the patience anew.
    assert pauses.seconds == [PAUSES_S[0], PAUSES_S[0]]
    assert any("broke off" in each.waiting_for for each in fetched)


def test_what_was_stopped_goes_on_in_the_next_run(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """As after Ctrl-C: the iterator is closed in the middle."""
    target = tmp_path / "robo.gguf"
    source = remote(hub)
    running = download(web, source, target)
    kept = next(itertools.dropwhile(lambda fetched: fetched.done_bytes < 1_000_000, running)).done_bytes
    running.close()
    assert missing_bytes(source, target) == SIZE - kept
    fetch(web, source, target)
    assert target.read_bytes() == DATA
    assert hub.byte_requests()[-1].range == f"bytes={kept}-"


def test_a_file_whose_last_byte_came_before_the_end_needs_no_request(
    hub: FakeHub, web: Web, tmp_path: Path
) -> None:
    """Killed between the last byte and the new name."""
    source = remote(hub)
    (tmp_path / f"robo.gguf.{source.tag}.part").write_bytes(DATA)
    fetch(web, source, tmp_path / "robo.gguf")
    assert (tmp_path / "robo.gguf").read_bytes() == DATA
    assert hub.byte_requests() == []


def test_a_server_without_ranges_sends_it_all_again(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """The whole in place of the rest is not appended."""
    hub.has_ranges = False
    hub.behaviours.append(breaking_off(1_000_000))
    fetch(web, remote(hub), tmp_path / "robo.gguf")
    assert (tmp_path / "robo.gguf").read_bytes() == DATA


def test_a_damaged_download_is_deleted(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """It has the right size and the wrong hash; the next attempt begins anew."""
    source = remote(hub)
    hub.files[NAME]["robo.gguf"] = DATA[:-1] + b"?"
    with pytest.raises(DownloadError, match=r"robo\.gguf arrived damaged"):
        fetch(web, source, tmp_path / "robo.gguf")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_beginning_is_found_in_the_next_run(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """What stands there is hashed as well, not believed."""
    source = remote(hub)
    (tmp_path / f"robo.gguf.{source.tag}.part").write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(DownloadError, match="arrived damaged"):
        fetch(web, source, tmp_path / "robo.gguf")


def test_a_login_page_is_never_saved(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """The first bytes are looked at before anything is written."""
    hub.behaviours.append(lambda answer: answer.send_login_page())
    with pytest.raises(DownloadError, match="sends a web page that is no GGUF file"):
        fetch(web, remote(hub), tmp_path / "robo.gguf")
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) == 0


def test_a_login_page_in_the_middle_spoils_nothing(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """It comes in place of the rest, and what was there stays."""
    hub.behaviours.extend([breaking_off(1_000_000), lambda answer: answer.send_login_page()])
    target = tmp_path / "robo.gguf"
    source = remote(hub)
    with pytest.raises(DownloadError, match="web page"):
        fetch(web, source, target)
    assert missing_bytes(source, target) == SIZE - 1_000_000
    fetch(web, source, target)
    assert target.read_bytes() == DATA


def test_a_server_that_is_busy_is_waited_for(hub: FakeHub, web: Web, tmp_path: Path, pauses: Pauses) -> None:
    """As long as it asks for, and in pieces in which a download can be stopped."""
    hub.behaviours.extend([refusing(503), refusing(429, wait_s=5)])
    fetch(web, remote(hub), tmp_path / "robo.gguf")
    assert sum(pauses.seconds) == PAUSES_S[0] + 5
    assert max(pauses.seconds) <= 1


def test_a_lost_network_ends_it_after_a_while(hub: FakeHub, web: Web, tmp_path: Path, pauses: Pauses) -> None:
    """What has come stays for the next attempt."""
    source = remote(hub)
    hub.behaviours.extend([breaking_off(1_000_000), *[refusing(502)] * 20])
    with pytest.raises(DownloadError, match=r"is out of order \(status 502\)") as caught:
        fetch(web, source, tmp_path / "robo.gguf")
    assert "goes on where this one stopped" in caught.value.hint
    assert missing_bytes(source, tmp_path / "robo.gguf") == SIZE - 1_000_000
    assert sum(pauses.seconds) == sum(PAUSES_S)


def test_a_refusal_is_not_repeated(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """403 does not become right by asking again."""
    hub.behaviours.append(refusing(403))
    with pytest.raises(AnswerError):
        fetch(web, remote(hub), tmp_path / "robo.gguf")
    assert len(hub.byte_requests()) == 1


def test_another_version_begins_anew(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """What came of the version before is deleted, not completed with bytes of the new one."""
    target = tmp_path / "robo.gguf"
    old = remote(hub)
    next(itertools.dropwhile(lambda fetched: fetched.done_bytes < 4, download(web, old, target)))
    new_data = model_bytes(SIZE, seed=2)
    fetch(web, remote(hub, new_data), target)
    assert target.read_bytes() == new_data
    assert list(tmp_path.iterdir()) == [target]


def test_two_at_a_time_do_not_write_one_file(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """The second is told that there is a first."""
    source = remote(hub)
    first = download(web, source, tmp_path / "robo.gguf")
    next(first)
    with pytest.raises(DownloadError, match="is being downloaded already"):
        fetch(web, source, tmp_path / "robo.gguf")
    first.close()
    fetch(web, source, tmp_path / "robo.gguf")
    assert (tmp_path / "robo.gguf").read_bytes() == DATA


def test_a_file_of_which_no_list_tells_is_checked_by_its_head(hub: FakeHub, web: Web, tmp_path: Path) -> None:
    """No hash is known of it; a GGUF says itself how long it is."""
    data = write_random_model(tmp_path / "made.gguf").read_bytes()
    source = look_at(web, remote(hub, data).url)
    assert (source.size_bytes, source.sha256) == (len(data), "")
    fetch(web, source, tmp_path / "robo.gguf")
    assert (tmp_path / "robo.gguf").read_bytes() == data
    hub.files[NAME]["robo.gguf"] = data[: len(data) // 2]
    with pytest.raises(DownloadError, match=r"robo\.gguf is cut short"):
        fetch(web, look_at(web, source.url), tmp_path / "robo.gguf")


def test_an_address_without_a_model_is_told_before_anything_is_made(hub: FakeHub, web: Web) -> None:
    """A page, or nothing at all."""
    source = remote(hub)
    hub.behaviours.extend([lambda answer: answer.send_login_page(), refusing(404)])
    with pytest.raises(DownloadError, match="a web page that is no GGUF"):
        look_at(web, source.url)
    with pytest.raises(DownloadError, match="there is no file at"):
        look_at(web, source.url)


def test_what_cannot_fit_the_disk_is_not_begun(tmp_path: Path) -> None:
    """An exabyte is more than there is."""
    with pytest.raises(DownloadError, match=r"1000000000\.0 GB are to be fetched, and .* are free"):
        check_room(10**18, tmp_path)
    check_room(0, tmp_path)
