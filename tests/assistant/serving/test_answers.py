"""The dialect, as a client made by hand sees it."""

from collections.abc import Iterator

import pytest

from assistant.engine.types import Delta
from assistant.prompting import NOT_FOUND
from assistant.serving import Limits
from assistant.serving.api import turns_of
from assistant.types import Message, Turn
from indexer.errors import DaemonError
from indexer.types import SearchResult
from tests.assistant.serving.clients import QUESTION, FakeWriter, PatientWriter, Served, served
from tests.fakes import FakeSearcher, make_passage

RENT = make_passage("The rent is 4,200 kr a month.", line_start=7)
ANSWER = ["The rent is", " 4,200 kr a month", " [1]."]
CITATIONS = [
    {
        "n": 1,
        "path": "/vault/notes/cabin.md",
        "locator": {"line_start": 7, "line_end": 7},
        "quote": "The rent is 4,200 kr a month.",
    }
]


@pytest.fixture
def answering() -> Iterator[Served]:
    """Return a server whose model thinks first and then answers."""
    with served([FakeWriter([Delta("thinking", "Let me see."), *ANSWER])], [RENT]) as server:
        yield server


def test_a_whole_answer_brings_its_places_along(answering: Served) -> None:
    """A chat completion as every client knows it, with the citations beside it."""
    status, value = answering.ask()
    assert status == 200
    assert value["object"] == "chat.completion"
    assert value["model"] == "kb"
    assert value["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "The rent is 4,200 kr a month [1].",
                "reasoning_content": "Let me see.",
            },
            "finish_reason": "stop",
        }
    ]
    assert (value["answered"], value["citations"], value["nearest"]) == (True, CITATIONS, [])
    assert value["answered_by"] == "scripted.gguf"
    assert value["usage"]["total_tokens"] == 2


def test_a_stream_has_thinking_text_and_the_places_at_its_end(answering: Served) -> None:
    """Each chunk is of the dialect; the last one before the mark holds what is ours."""
    *chunks, last, mark = answering.stream()
    assert mark == "[DONE]"
    assert isinstance(last, dict)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if isinstance(chunk, dict)]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "Let me see."
    assert "".join(delta.get("content", "") for delta in deltas) == "The rent is 4,200 kr a month [1]."
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert (last["answered"], last["citations"]) == (True, CITATIONS)
    kinds = {chunk["object"] for chunk in chunks if isinstance(chunk, dict)}
    assert kinds == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in [*chunks, last] if isinstance(chunk, dict)}) == 1


@pytest.mark.parametrize("is_stream", [False, True])
def test_what_the_files_do_not_say_comes_with_the_nearest(*, is_stream: bool) -> None:
    """The refusal is text, so that every client shows it; the passages stand beside it."""
    with served([FakeWriter(["Not in your files."])], [RENT]) as server:
        if is_stream:
            chunks = [event for event in server.stream() if isinstance(event, dict)]
            last = chunks[-1]
            text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
        else:
            last = server.ask()[1]
            text = last["choices"][0]["message"]["content"]
    assert text == "Not in your files."
    assert (last["answered"], last["citations"]) == (False, [])
    assert [passage["path"] for passage in last["nearest"]] == ["/vault/notes/cabin.md"]


def test_without_a_model_the_files_answer_in_their_own_words() -> None:
    """As `kb ask` does."""
    with served([None], [RENT]) as server:
        _, value = server.ask()
    assert value["choices"][0]["message"]["content"].startswith("The rent is 4,200 kr a month.")
    assert value["answered_by"] is None


def test_the_last_message_is_the_question() -> None:
    """The search is for what was asked last, and leans on what was said before where it is a follow-up."""
    searcher = FakeSearcher([RENT])
    turns = [{"role": "user", "content": "Who is Ada?"}, {"role": "assistant", "content": "The owner [1]."}]
    with served([FakeWriter(ANSWER)], searcher=searcher) as server:
        status, _ = server.ask({"role": "system", "content": "Be a pirate."}, *turns, QUESTION)
    assert status == 200
    assert [query for query, _, _ in searcher.asked] == ["How much is the rent? (Ada)"]
    assert searcher.beside == ["How much is the rent?"]


def test_what_was_said_before_is_handed_on() -> None:
    """Each earlier question with its answer; a refusal is none, and instructions of a client are no turn."""
    said = [
        Message("system", "Be a pirate."),
        Message("user", "Who is Ada?"),
        Message("assistant", "The owner [1]."),
        Message("user", "Hello?"),
        Message("user", " And Bob? "),
        Message("assistant", NOT_FOUND),
        Message("assistant", "Once more."),
    ]
    assert turns_of(said) == (
        Turn(question="Who is Ada?", standalone="Who is Ada?", answer="The owner [1]."),
        Turn(question="And Bob?", standalone="And Bob?", answer=""),
    )


def test_the_client_may_bound_the_answer() -> None:
    """Length, temperature and thinking are its to choose, within what kb allows."""
    writer = FakeWriter(ANSWER, reason="length")
    with served([writer], [RENT]) as server:
        _, value = server.ask(max_tokens=50, temperature=0.5, thinking="off")
    assert (writer.options.max_tokens, writer.options.temperature, writer.options.thinking) == (
        50,
        0.5,
        "off",
    )
    assert value["choices"][0]["finish_reason"] == "length"
    assert "cut off after 50 tokens" in value["notices"][0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"nonsense", "the request is not JSON"),
        ({"messages": []}, "messages must be a list"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "the last message must be the user's"),
        ({"messages": [{"role": "user", "content": "  "}]}, "the question is empty"),
        ({"messages": [QUESTION], "tools": [{}]}, "does not support tools"),
        ({"messages": [QUESTION], "response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_what_makes_no_sense_is_an_error_of_the_client(answering: Served, body: object, message: str) -> None:
    """In the form that clients of the dialect show to their users."""
    status, _, value = answering.request("POST", "/v1/chat/completions", body)
    assert status == 400
    assert message in value["error"]["message"]
    assert value["error"]["type"] == "invalid_request_error"


def test_a_daemon_that_is_gone_is_an_error_of_the_server() -> None:
    """Told before an answer begins as a status, and in a stream as its last event."""

    class Gone(FakeSearcher):
        def search(self, *_: object, **__: object) -> SearchResult:
            raise DaemonError("the indexer does not answer", hint="run `kb status`")

    with served([FakeWriter(ANSWER)], searcher=Gone()) as server:
        status, value = server.ask()
        events = list(server.stream())
    assert status == 503
    assert value["error"]["message"] == "the indexer does not answer (run `kb status`)"
    assert isinstance(events[-1], dict)
    assert events[-1]["error"] == value["error"]


def test_the_one_model_is_listed(answering: Served) -> None:
    """Clients let their users choose from this list."""
    status, headers, value = answering.request("GET", "/v1/models")
    assert status == 200
    assert [entry["id"] for entry in value["data"]] == ["kb"]
    assert headers["x-request-id"].startswith("req-")


def test_a_client_that_leaves_stops_its_answer() -> None:
    """The model is interrupted even while nothing comes from it."""
    writer = PatientWriter(ANSWER)
    with served([writer], [RENT]) as server:
        stream = server.stream()
        assert isinstance(next(stream), dict)
        stream.close()
        assert writer.was_interrupted.wait(20)


def test_one_question_more_than_may_wait_is_refused() -> None:
    """With the status that tells a client to come again; a place that is free again is given."""
    writers = [PatientWriter(ANSWER), FakeWriter(ANSWER)]
    with served(writers, [RENT], limits=Limits(answers=1)) as server:
        stream = server.stream()
        assert isinstance(next(stream), dict)
        status, value = server.ask()
        assert (status, value["error"]["code"]) == (503, "busy")
        writers[0].interrupt()
        assert list(stream)[-1] == "[DONE]"
        assert server.ask()[0] == 200


def test_several_clients_are_answered_beside_each_other() -> None:
    """The engine's own queue puts them in order, not we."""
    slow, quick = PatientWriter(ANSWER), FakeWriter(ANSWER)
    with served([slow, quick], [RENT]) as server:
        stream = server.stream()
        next(stream)
        assert server.ask()[0] == 200
        slow.go_on.set()
        assert list(stream)[-1] == "[DONE]"


def test_ending_the_server_ends_its_answers() -> None:
    """Ctrl-C does not wait for a model."""
    writer = PatientWriter(ANSWER)
    with served([writer], [RENT]) as server:
        stream = server.stream()
        next(stream)
        server.server.end()
        assert writer.was_interrupted.wait(20)
