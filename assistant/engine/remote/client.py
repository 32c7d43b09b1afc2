"""The client of somebody else's model server, with the methods of our own engine's client."""

import contextlib
import http.client
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assistant.engine.remote import failures
from assistant.engine.remote.address import Address, check_key, find_targets, read_address
from assistant.engine.remote.dialects import (
    UNTOLD_CONTEXT,
    UNTOLD_CONTEXTS,
    ModelState,
    Server,
    as_count,
    chat_body,
    context_of_entry,
    dig,
    estimate_tokens,
    read_token_count,
    seems_cut,
    thinking_fields,
    token_request,
    untaken_settings,
)
from assistant.engine.remote.exchange import Exchange, Patience, TimeUp
from assistant.engine.remote.finding import find_server, find_state
from assistant.engine.remote.stream import AnswerReader, read_events
from assistant.engine.types import ChatOptions, Delta, Finished, Progress, Usage
from assistant.messages import Message
from indexer.errors import EngineError

if TYPE_CHECKING:
    from assistant.config import ModelSettings


class RemoteClient:
    """Asks one model of one server; nothing is sent before the first call that needs it.

    Args:
        settings: `[model]` of the config; its `url` is set.
        say: Told what is waited for, in a few words.
        patience: How long the server may take.

    Raises:
        ConfigError: If the url is none, or leads to another machine and that is not allowed.
        EngineUnavailableError: If the machine it names does not exist.
    """

    def __init__(
        self,
        settings: "ModelSettings",
        *,
        say: Callable[[str], None] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.address: Address = read_address(settings.url)
        check_key(settings.api_key)
        targets = find_targets(self.address, allow_remote=settings.allow_remote)
        self._is_server_remote = any(target.is_remote for target in targets)
        self._settings = settings
        self._exchange = Exchange(
            self.address,
            allow_remote=settings.allow_remote,
            api_key=settings.api_key,
            patience=patience or Patience(),
            say=say or (lambda _: None),
        )
        self._server: Server | None = None
        self._state: ModelState | None = None
        self._counts_by_itself = False

    @property
    def model_name(self) -> str:
        """The model's name on the server; the server's address as long as it has not been asked."""
        return self._exchange.model or self._settings.url_model or self.address.shown

    @property
    def remote_host(self) -> str:
        """The other machine to which questions and passages go; empty for this one."""
        if self._is_server_remote:
            return self.address.host
        passed_on = self._server.host_of(self._exchange.model) if self._server else ""
        return passed_on or (self._state.host if self._state else "")

    def wait_ready(self) -> Mapping[str, Any]:
        """Find the model and wait until it is loaded.

        Returns:
            `server`, `url`, `model`, `remote_host`, `context_tokens`, and in `notices` what a person
            must know of every answer.

        Raises:
            ModelNotFoundError: If the server does not have it.
            EngineError: If the server cannot be reached, or is none.
        """
        server, state = self._find_server(), self._find_state()
        context, notices = self._choose_context(server, state)
        if self.remote_host:
            notices.insert(0, f"{self._mark()}question and passages go to {self.remote_host}")
        return {
            "state": "ready",
            "server": server.name,
            "url": self.address.shown,
            "model": self.model_name,
            "remote_host": self.remote_host,
            "context_tokens": context,
            "notices": tuple(notices),
        }

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text; a careful estimate where the server does not count.

        Raises:
            EngineError: If the server went away.
        """
        request = token_request(self._find_server(), self.model_name, text)
        if request is not None and not self._counts_by_itself:
            status, value = self._exchange.call("POST", *request)
            count = read_token_count(value)
            if status == 200 and count is not None:
                return count
            self._counts_by_itself = True
        return estimate_tokens(text)

    def chat(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> Generator[Delta | Progress | Finished, None, None]:
        """Ask for an answer and stream it; the last event is `Finished`.

        Nothing is sent before the first event is asked for. Closing the iterator
        closes the connection, at which every known server stops.

        Raises:
            PromptTooLongError: If the server says that the messages do not fit.
            EngineError: If it fails, or ends in the middle.
        """
        server, state = self._find_server(), self._find_state()
        body = {**state.sampling, **chat_body(server.kind, self.model_name, messages, options)}
        remarks = untaken_settings(server, options)
        deadline = time.monotonic() + options.time_limit_s if options.time_limit_s else None
        reader = AnswerReader()
        is_time_up = False
        with contextlib.ExitStack() as stack:
            try:
                response = self._ask(stack, server, body, options, remarks, deadline=deadline)
                yield from self._relay(reader, response, deadline)
            except TimeUp:
                is_time_up = True
        yield from reader.finish()
        if not (reader.has_output or is_time_up or reader.reason == "length"):
            raise self._explain_nothing(server, body)
        if reader.reason is None and not is_time_up:
            raise self._exchange.died(is_begun=True)
        sent = "\n".join(message.content for message in messages)
        if server.kind not in {"llama_server", "vllm"} and seems_cut(sent, reader.prompt_tokens):
            remarks.append(
                f"{server.name} has cut the prompt: it read {reader.prompt_tokens:,} tokens of about"
                f" {estimate_tokens(sent):,}; set [model] context_tokens lower, or its own context higher"
            )
        usage = Usage(
            prompt_tokens=reader.prompt_tokens,
            cached_tokens=reader.cached_tokens,
            completion_tokens=reader.completion_tokens,
        )
        reason = "time" if is_time_up else reader.reason or "stop"
        yield Finished(reason=reason, usage=usage, remarks=tuple(remarks))

    def interrupt(self) -> None:
        """Break off the answer at hand, and refuse every later call; from any thread."""
        self._exchange.interrupt()

    def describe(self) -> str:
        """Say which server and model this is; has nothing loaded.

        Raises:
            EngineError: If it cannot be reached, or lacks the model.
        """
        server = self._find_server()
        context = context_of_entry(server.entry(self.model_name))
        suffix = f", context {context:,} tokens" if context else ""
        return f"{self._mark()}{server.name} at {self.address.shown}, model {self.model_name}{suffix}"

    def _find_server(self) -> Server:
        if self._server is None:
            self._server = find_server(
                self._exchange, self._settings.url_model, allow_remote=self._settings.allow_remote
            )
        return self._server

    def _find_state(self) -> ModelState:
        if self._state is None:
            self._state = find_state(
                self._exchange, self._find_server(), allow_remote=self._settings.allow_remote
            )
        return self._state

    def _mark(self) -> str:
        return "REMOTE MODEL: " if self.remote_host else ""

    def _choose_context(self, server: Server, state: ModelState) -> tuple[int, list[str]]:
        """Choose how many tokens prompt and answer may take together, and say what was guessed."""
        own = self._settings.context_tokens
        if state.context_tokens:
            return min(state.context_tokens, own or state.context_tokens), []
        context = own or UNTOLD_CONTEXTS.get(server.kind, UNTOLD_CONTEXT)
        context = min(context, state.trained_tokens or context)
        notices = (
            []
            if own
            else [
                f"{server.name} does not say how much {self.model_name} can read at once;"
                f" {context:,} tokens are assumed, and [model] context_tokens sets it"
            ]
        )
        return context, notices

    def _ask(
        self,
        stack: contextlib.ExitStack,
        server: Server,
        body: Mapping[str, Any],
        options: ChatOptions,
        remarks: list[str],
        *,
        deadline: float | None,
    ) -> http.client.HTTPResponse:
        """Ask for an answer; without the wishes for thinking if the server refuses them."""
        path = f"{server.base}/chat/completions"
        wishes = thinking_fields(server.kind, options)
        response = self._exchange.ask(stack, path, {**body, **wishes}, deadline)
        if wishes and response.status in {400, 422}:
            failure = self._exchange.read_body(response)
            if failures.is_too_long(failure):
                raise self._exchange.refused(response.status, failure)
            # perhaps of a model that cannot think; whatever else it is, it comes again.
            stack.close()
            response = self._exchange.ask(stack, path, body, deadline)
            remarks.append(f"{server.name} does not take the settings for thinking of {self.model_name}")
        if response.status != 200:
            raise self._exchange.refused_response(response)
        return response

    def _relay(
        self, reader: AnswerReader, response: http.client.HTTPResponse, deadline: float | None
    ) -> Generator[Delta | Progress, None, None]:
        """Pass on what comes until the answer ends."""
        exchange = self._exchange
        if response.headers.get_content_type() != "text/event-stream":
            whole = exchange.read_body(response)
            if dig(whole, "error") is not None:
                raise exchange.refused(200, whole)
            if dig(whole, "choices", 0) is None:
                raise failures.not_a_server(self.address)
            yield from reader.feed(whole)
            return
        for event in read_events(exchange.lines(response, deadline), exchange.server):
            if event is None:
                reader.reason = reader.reason or "stop"
                return
            if "error" in event:
                raise exchange.refused(200, event)
            if total := as_count(dig(event, "prompt_progress", "total")):
                share = as_count(dig(event, "prompt_progress", "processed")) / total
                yield Progress(queued=0, read_share=min(share, 1.0))
            yield from reader.feed(event)

    def _explain_nothing(self, server: Server, body: Mapping[str, Any]) -> EngineError:
        """Find out why no word came; some servers say so only to those who do not want a stream."""
        whole = {name: value for name, value in body.items() if name != "stream_options"}
        status, value = self._exchange.call(
            "POST", f"{server.base}/chat/completions", {**whole, "stream": False, "max_tokens": 1}
        )
        if status != 200:
            return self._exchange.refused(status, value)
        return EngineError(
            f"{server.name} answered with nothing",
            hint="the prompt may be longer than the context that it loaded the model with",
        )
