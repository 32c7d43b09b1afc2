"""Engines and models for tests in which they come to harm."""

import os
from pathlib import Path

import psutil

from assistant.engine.client import EngineClient
from assistant.engine.types import ChatOptions, Delta
from assistant.types import Message
from tests.models.wired_gguf import write_scripted_model
from tests.waiting import wait_until

QUESTION = [Message("user", "What is 6 times 7?")]


def counting_model(path: Path, *, layers: int = 1) -> Path:
    """Write a model that counts in a circle and never ends."""
    return write_scripted_model(path, [f"{n} " for n in range(50)], is_endless=True, layers=layers)


def answer_of(client: EngineClient, *, max_tokens: int = 5) -> str:
    """Ask, and return the answer's text."""
    events = client.chat(QUESTION, ChatOptions(max_tokens=max_tokens, temperature=0))
    return "".join(event.text for event in events if isinstance(event, Delta) and event.kind == "text")


def wait_for_end(pid: int) -> None:
    """Wait until a process is gone; a child of ours that has ended is reaped."""

    def is_gone() -> bool:
        if not psutil.pid_exists(pid):
            return True
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            os.waitpid(pid, os.WNOHANG)
            return True
        return False

    wait_until(is_gone, what=f"process {pid} is gone")
