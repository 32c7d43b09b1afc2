"""Tests of reading the hub's pages, and of what its refusals mean."""

import pytest

from assistant.engine.pull.hub import Hub
from assistant.engine.pull.web import AnswerError, Web
from assistant.errors import DownloadError
from tests.assistant.engine.pull.conftest import Pauses
from tests.assistant.engine.pull.hub_server import COMMIT, FakeHub, model_bytes, refusing

NAME = "acme/Robo-GGUF"


def published(hub: FakeHub) -> str:
    """Publish a model and return its name."""
    hub.add(
        NAME,
        {"Robo-Q8_0.gguf": model_bytes(2000), "Robo-Q4_0.gguf": model_bytes(1000)},
        license="other",
        license_name="llama3.1",
    )
    return NAME


def test_a_page_tells_files_and_licence(hub: FakeHub, web: Web) -> None:
    """Everything is read at one commit, so that the list and the files belong together."""
    reader = Hub(web, hub.endpoint)
    repository = reader.repository(published(hub), "main")
    assert (repository.commit, repository.licence.allows) == (COMMIT, "conditions")
    assert [(file.path, file.size_bytes) for file in reader.files(repository)] == [
        ("Robo-Q8_0.gguf", 2000),
        ("Robo-Q4_0.gguf", 1000),
    ]
    assert COMMIT in reader.address(repository, "Robo-Q8_0.gguf")


def test_a_long_list_is_read_to_its_end(hub: FakeHub, web: Web) -> None:
    """The hub gives it out page by page."""
    hub.page_size = 1
    reader = Hub(web, hub.endpoint)
    assert len(reader.files(reader.repository(published(hub), "main"))) == 2


def test_files_that_lead_elsewhere_are_passed_over(hub: FakeHub, web: Web) -> None:
    """A name from the network never becomes a path outside the models folder."""
    hub.add(NAME, {"../evil.gguf": model_bytes(10), "fine.gguf": model_bytes(10)})
    reader = Hub(web, hub.endpoint)
    assert [file.path for file in reader.files(reader.repository(NAME, "main"))] == ["fine.gguf"]


def test_a_repository_that_is_not_there(hub: FakeHub, web: Web) -> None:
    """The hub says 401 of it, as of private ones."""
    with pytest.raises(DownloadError, match="there is no repository acme/Nope") as caught:
        Hub(web, hub.endpoint).repository("acme/Nope", "main")
    assert "HF_TOKEN" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (401, "GatedRepo", "only to those who agreed to its terms"),
        (403, "GatedRepo", "only to those who agreed to its terms"),
        (404, "EntryNotFound", "no longer has that file"),
        (404, "RevisionNotFound", "no such revision"),
        (410, "", r"refuses to show .* \(status 410\)"),
    ],
)
def test_refusals_become_sentences(hub: FakeHub, web: Web, status: int, code: str, message: str) -> None:
    """Each says what can be done, where there is something."""
    error = AnswerError("", status=status, code=code)
    with pytest.raises(DownloadError, match=message):
        raise Hub(web, hub.endpoint).explain(error, NAME)


def test_a_token_that_is_not_accepted_is_named(hub: FakeHub) -> None:
    """With a token, 401 means something else than without."""
    web = Web(token="secret", token_origin=hub.endpoint)
    with pytest.raises(DownloadError, match="the token in HF_TOKEN"):
        Hub(web, hub.endpoint).repository("acme/Nope", "main")


def test_a_busy_hub_is_asked_again_when_it_says(hub: FakeHub, web: Web, pauses: Pauses) -> None:
    """Its own time counts, if it is longer than ours."""
    hub.page_behaviours.extend([refusing(429, wait_s=7), refusing(503)])
    assert Hub(web, hub.endpoint).repository(published(hub), "main").name == NAME
    assert pauses.seconds[0] == 7


def test_a_hub_that_stays_out_of_order_is_given_up(hub: FakeHub, web: Web) -> None:
    """After a few attempts, with the reason."""
    hub.page_behaviours.extend([refusing(503)] * 9)
    with pytest.raises(DownloadError, match=r"is out of order \(status 503\)"):
        Hub(web, hub.endpoint).repository(published(hub), "main")


def test_a_hub_that_wants_too_much_patience_is_given_up(hub: FakeHub, web: Web, pauses: Pauses) -> None:
    """Nobody waits an hour before a terminal."""
    hub.page_behaviours.append(refusing(429, wait_s=3600))
    with pytest.raises(DownloadError, match="asks for fewer requests"):
        Hub(web, hub.endpoint).repository(published(hub), "main")
    assert pauses.seconds == []


def test_no_network_is_said_in_one_sentence(pauses: Pauses) -> None:
    """Nobody listens there."""
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:9 cannot be reached: connection refused"):
        Hub(Web(pause=pauses), "http://127.0.0.1:9").repository(NAME, "main")


def test_a_page_that_is_no_json_is_no_hub(hub: FakeHub, web: Web) -> None:
    """As the login page of a hotel."""
    hub.page_behaviours.append(lambda answer: answer.send_login_page())
    with pytest.raises(DownloadError, match="something else than the hub would"):
        Hub(web, hub.endpoint).repository(published(hub), "main")


def test_the_token_goes_to_the_hub_alone(hub: FakeHub) -> None:
    """The storage that files redirect to never sees it."""
    web = Web(token="secret", token_origin=hub.endpoint)
    reader = Hub(web, hub.endpoint)
    repository = reader.repository(published(hub), "main")
    with web.open(reader.address(repository, "Robo-Q8_0.gguf")) as response:
        response.read()
    assert {(request.path.startswith("/storage/"), request.token) for request in hub.requests} == {
        (False, "secret"),
        (True, ""),
    }
