"""`kb models info`: what is known of one model."""

import json

from tests.assistant.cli.models.conftest import Person
from tests.assistant.engine.models.programs import needs_bare_machine

pytestmark = needs_bare_machine


def test_a_model_is_described(person: Person) -> None:
    """Kind, verdict, where it would run, licence, size and files."""
    run = person.kb("models", "info", "wired-1b")
    rows = dict(line.split("\t", 1) for line in run.out.splitlines())
    assert run.code == 0
    assert rows["name"] == "Wired-1B-Instruct-F16"
    assert rows["kind"] == "chat model"
    assert rows["loads"].startswith("yes, tried with llama-cpp-python ")
    assert rows["runs on"].startswith("CPU, ")
    assert rows["licence"] == "the file says nothing of it"
    assert rows["chat template"] == "its own"
    assert rows["from"] == "LM Studio, acme/Wired-1B-GGUF"
    assert rows["image projector"].endswith("mmproj-F16.gguf (kb makes no use of it)")


def test_metadata_is_part_of_the_json(person: Person) -> None:
    """All of it but vocabulary and template."""
    said = json.loads(person.kb("models", "info", "tiny", "--json").out)
    assert said["metadata"]["llama.context_length"] == 8192
    assert "tokenizer.chat_template" not in said["metadata"]
    assert "tokenizer.ggml.tokens" not in said["metadata"]


def test_a_damaged_file_is_described_as_far_as_it_goes(person: Person) -> None:
    """The reason stands where others have their verdict."""
    run = person.kb("models", "info", "half")
    rows = dict(line.split("\t", 1) for line in run.out.splitlines())
    assert run.code == 0
    assert rows["kind"] == "file that cannot be read"
    assert rows["loads"].startswith("no: half.gguf is cut short")
