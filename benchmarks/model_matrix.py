"""What works with which architecture of models: a table for `docs/models.md`.

    python -m benchmarks.model_matrix --data FOLDER
    python -m benchmarks.model_matrix --data FOLDER --write
    python -m benchmarks.model_matrix qwen3 gemma4

Of every architecture a tiny model with random weights is made, with a real vocabulary and a real chat
template where these are at hand, and asked through a real engine: passages and a question, a follow-up, the
same passages with another question, with thinking and without, and for a JSON object. What such a model
writes is babble; that it writes, and what of it is thinking, is not.
"""

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from assistant.config import ModelSettings
from assistant.engine.client import EngineClient, open_engine
from assistant.engine.llama import is_gpu_build
from assistant.engine.types import ChatOptions, Delta, Finished
from assistant.types import Message
from indexer.errors import KbError
from tests.homes import short_home
from tests.models.shapes import SHAPES, write_shape
from tests.models.shapes.families import FAMILIES
from tests.models.shapes.real import REAL

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "models.md"
BEGIN, END = "<!-- what works: begin -->", "<!-- what works: end -->"

SYSTEM = "Answer from the passages alone, and cite each by its number."
PASSAGES = (
    "[1] notes/harbour.md, line 12\n"
    "The old mill at the harbour burned down in the night of 3 May 1911. Nobody was hurt, but the"
    " wheel, both stones and all the grain of the winter were lost, and the harbour smelled of bread"
    " for a week.\n\n"
    "[2] notes/owners.md, line 4\n"
    "From 1902 on the mill belonged to the widow Brandt, who had bought it from the parish. Before that"
    " it had been let to three millers in a row, none of whom stayed longer than four years. The widow"
    " ran it with her two sons until the end.\n\n"
    "[3] letters/1912.txt, line 80\n"
    "Since the fire nobody has ground corn in the valley. We take ours across the river on Thursdays,"
    " when the ferry goes, and wait there half a day until it is our turn. My brother says that a new"
    " mill would pay within six years, but who has the money?\n\n"
    "[4] minutes/council.md, line 231\n"
    "The council leaves the ground where it is and the walls as they stand. The iron is to be sold, and"
    " the money to go to the ferryman, whose boat has to carry more than it was made for.\n\n"
)
QUESTIONS = ("When did the mill burn down?", "Who owned it then?", "And what did people do afterwards?")
SCHEMA = {
    "type": "object",
    "properties": {"answered": {"type": "boolean"}, "passage": {"enum": [1, 2, 3, 4]}},
    "required": ["answered", "passage"],
}


@dataclass(frozen=True)
class Row:
    """What was found of one architecture."""

    name: str
    works: str
    follow_up: str = ""
    other_question: str = ""
    thinking: str = ""
    json: str = ""
    remarks: str = ""

    def to_markdown(self) -> str:
        """Write a line of the table."""
        cells = (
            f"`{self.name}`",
            SHAPES[self.name].models,
            self.works,
            self.follow_up,
            self.other_question,
            self.thinking,
            self.json,
            self.remarks,
        )
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True)
class Answered:
    """One answer."""

    thinking: str
    text: str
    finished: Finished


def ask(client: EngineClient, messages: Sequence[Message], options: ChatOptions) -> Answered:
    """Ask and wait for the whole answer."""
    written = {"thinking": "", "text": ""}
    for event in client.chat(messages, options):
        if isinstance(event, Delta) and event.kind == "retract":
            written = {"thinking": written["text"], "text": ""}
        elif isinstance(event, Delta):
            written[event.kind] += event.text
        elif isinstance(event, Finished):
            return Answered(written["thinking"], written["text"], event)
    raise AssertionError("an answer ends")


@contextmanager
def engine_of(file: Path, threads: int) -> Iterator[EngineClient]:
    """Load a model into an engine of its own."""
    settings = ModelSettings(path=str(file), context_tokens=8192, threads=threads)
    with short_home() as places:
        client = open_engine(places, settings)
        try:
            client.wait_ready()
            yield client
        finally:
            client.stop()


def examine(name: str, data: Path | None, folder: Path, threads: int) -> Row:
    """Make a model, ask it, and say what was found."""
    real = REAL[name]
    places = data / "chat_templates" if data else None
    template = places / "templates" / f"{real.template}.jinja" if places and real.template else None
    vocabulary = places / "vocab" / f"ggml-vocab-{real.vocabulary}.gguf" if places else None
    file = write_shape(
        folder,
        name,
        vocabulary=vocabulary if real.vocabulary else None,
        template=template.read_text(encoding="utf-8") if template else None,
        called=real.called,
    )
    try:
        with engine_of(file, threads) as client:
            return _question(name, client, has_data=data is not None)
    except KbError as error:
        return Row(name, f"no: {error.message}")
    finally:
        file.unlink()


def _question(name: str, client: EngineClient, *, has_data: bool) -> Row:
    opening = [Message("system", SYSTEM), Message("user", f"{PASSAGES}{QUESTIONS[0]}")]
    greedy = ChatOptions(max_tokens=24, temperature=0)
    first = ask(client, opening, greedy)
    known = first.finished.usage.prompt_tokens
    follow_up = ask(
        client,
        [*opening, Message("assistant", first.text or "In 1911 [1]."), Message("user", QUESTIONS[1])],
        greedy,
    )
    other = ask(client, [opening[0], Message("user", f"{PASSAGES}{QUESTIONS[2]}")], greedy)
    return Row(
        name,
        "yes" if first.finished.usage.completion_tokens else "writes nothing",
        follow_up=_share(follow_up.finished.usage.cached_tokens, known),
        other_question=_share(other.finished.usage.cached_tokens, known),
        thinking=_thinking(client, opening),
        json=_json(client, opening),
        remarks=_remarks(name) if has_data else "",
    )


def _share(kept: int, known: int) -> str:
    """Say how much of the first prompt was not read again."""
    return f"{min(100, round(100 * kept / known))} %" if kept else "none"


def _thinking(client: EngineClient, messages: Sequence[Message]) -> str:
    """Find out what becomes of a thought that is asked for, and of one that is not wanted."""
    wanted, unwanted = (
        ask(
            client,
            messages,
            ChatOptions(max_tokens=48, temperature=0, thinking=mode, thinking_tokens=8),
        )
        for mode in ("on", "off")
    )
    if unwanted.thinking:
        return "on only"
    if wanted.thinking and wanted.text:
        return "on, off, budget"
    if wanted.thinking:
        return "on, off"
    differ = wanted.finished.usage.prompt_tokens != unwanted.finished.usage.prompt_tokens
    return "on, off" if differ else "none"


def _json(client: EngineClient, messages: Sequence[Message]) -> str:
    try:
        answer = ask(client, messages, ChatOptions(max_tokens=80, temperature=0, schema=SCHEMA))
        value = json.loads(answer.text)
    except (KbError, ValueError) as error:
        return f"no: {error}"
    return "yes" if set(value) == {"answered", "passage"} else "no"


def _remarks(name: str) -> str:
    """Say what stood in for what was not at hand."""
    real = REAL[name]
    stand_ins = []
    if not real.is_own_vocabulary:
        stand_ins.append(f"vocabulary {real.vocabulary}" if real.vocabulary else "a small vocabulary")
    if not real.template:
        stand_ins.append("a short template")
    elif not real.is_own_template:
        stand_ins.append(f"template of {real.template}")
    return "with " + ", ".join(stand_ins) if stand_ins else ""


def to_markdown(rows: Sequence[Row], when: datetime) -> str:
    """Write the tables."""
    columns = (
        "Architecture",
        "Models",
        "Answers",
        "Kept: follow-up",
        "Kept: other question",
        "Thinking",
        "JSON",
        "Tried",
    )
    head = f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}"
    families = [row.to_markdown() for row in rows if row.name in FAMILIES]
    others = [row.to_markdown() for row in rows if row.name not in FAMILIES]
    return "\n".join(
        (
            f"Tried on {when:%-d %B %Y} with llama-cpp-python {version('llama-cpp-python')}"
            f"{' and its GPU support' if is_gpu_build() else ', on the CPU'}.",
            "",
            head,
            *families,
            *(("", "Others:", "", head, *others) if others else ()),
        )
    )


def main() -> None:
    """Examine and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="architectures; all if left out")
    parser.add_argument("--data", type=Path, help="holds chat_templates/templates and chat_templates/vocab")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the table into docs/models.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(SHAPES):
        parser.error(f"no such architecture: {', '.join(sorted(unknown))}")
    if arguments.write and (arguments.names or not arguments.data):
        parser.error("--write wants all architectures, with --data")
    # llama.cpp says much of files that hold no more than metadata.
    logging.disable(logging.ERROR)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.names or SHAPES:
            rows.append(examine(name, arguments.data, Path(folder), arguments.threads))
            print(rows[-1].to_markdown(), file=sys.stderr, flush=True)
    table = to_markdown(rows, datetime.now(UTC))
    if arguments.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        after = rest.partition(END)[2]
        DOCUMENT.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
    else:
        print(table)


if __name__ == "__main__":
    main()
