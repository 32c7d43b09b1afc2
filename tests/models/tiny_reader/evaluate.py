"""The measure of the model, through llama.cpp; `python -m tests.models.tiny_reader.evaluate`.

Facts, names and attributes are others than in training. An answer is right if
it is the whole expected sentence: the value, the number of its passage, the full
stop; a refusal is right if it is `NOT_FOUND` and nothing else.
"""

import argparse
import json
import platform
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import llama_cpp

from assistant.prompting import NOT_FOUND, build_messages
from assistant.types import Message
from indexer.types import Passage
from tests.models.tiny_reader import vault
from tests.models.tiny_reader.export import MODEL_PATH
from tests.models.tiny_reader.scenes import Difficulty, draw_scene
from tests.models.tiny_reader.tokens import build_tokenizer

PASSAGE_COUNTS = (1, 2, 3, 4, 6)
_MARK = "\ue000"


@dataclass(frozen=True, slots=True)
class Case:
    """A question, its passages and the right answer."""

    group: str
    question: str
    passages: tuple[Passage, ...]
    value: str
    """What the answer must say; empty if it must refuse."""

    number: int
    answer: str


class Reading:
    """A loaded model that answers greedily.

    Args:
        path: The GGUF file.
        threads: CPU threads.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._llama: Any = llama_cpp.Llama(
            str(path), n_ctx=2048, n_batch=2048, n_threads=threads, n_threads_batch=threads, verbose=False
        )
        self._template = jinja2.Template(self._llama.metadata["tokenizer.chat_template"])
        self.prompt_tokens = 0
        self.answer_tokens = 0

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Write the tokens of a prompt; only the template's own parts may be control tokens."""
        hidden = [{"role": m.role, "content": f"{_MARK}{i}{_MARK}"} for i, m in enumerate(messages)]
        tokens: list[int] = []
        for i, part in enumerate(
            self._template.render(messages=hidden, add_generation_prompt=True).split(_MARK)
        ):
            is_content = i % 2 == 1
            text = messages[int(part)].content if is_content else part
            tokens += self._llama.tokenize(text.encode(), add_bos=False, special=not is_content)
        return tokens

    def answer(self, prompt: Sequence[int], max_tokens: int = 96) -> str:
        """Write the most likely answer."""
        said: list[int] = []
        for token in self._llama.generate(list(prompt), temp=0.0, reset=True):
            if token == self._llama.token_eos() or len(said) == max_tokens:
                break
            said.append(token)
        self.prompt_tokens += len(prompt)
        self.answer_tokens += len(said)
        return bytes(self._llama.detokenize(said)).decode(errors="replace")


def draw_cases(per_count: int, seed: str = "evaluation") -> Iterator[Case]:
    """Make up questions with words the training never used, one for each scene."""
    for count in PASSAGE_COUNTS:
        difficulty = Difficulty(passages=(count, count), facts=(1, 4), filler=0.2, questions=1, unseen=True)
        for i in range(per_count):
            scene = draw_scene(random.Random(f"{seed}-{count}-{i}"), difficulty)
            question = scene.questions[0]
            fact = question.fact
            yield Case(
                f"{count} passage{'s' if count > 1 else ''}",
                question.marked.text,
                scene.passages,
                fact.value if fact else "",
                fact.number if fact else 0,
                question.answer,
            )


def vault_cases() -> Iterator[Case]:
    """Take the questions written by hand, among 4 and among 6 notes."""
    for count in (1, 4, 6):
        for question, source, value in vault.QUESTIONS:
            passages = vault.draw_passages(question, source, count)
            number = next((n for n, p in enumerate(passages, 1) if p.path == vault.VAULT / source), 0)
            yield Case(
                f"example vault, {count} notes", question, passages, value, number, "" if value else NOT_FOUND
            )


def is_right(case: Case, answer: str) -> bool:
    """Tell whether an answer gives the value and its passage, or refuses, as it should."""
    if not case.value:
        return answer == NOT_FOUND
    return answer.removesuffix(".").endswith(f" {case.value} [{case.number}]") and answer.count("[") == 1


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", default=MODEL_PATH)
    parser.add_argument("--count", type=int, default=300, help="Questions for each number of passages.")
    parser.add_argument("--show", type=int, default=0, help="How many wrong answers to print.")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    reading = Reading(arguments.model, arguments.threads)
    tokenizer = build_tokenizer()
    right: dict[tuple[str, bool], list[bool]] = {}
    whole = differing = 0
    started = time.perf_counter()
    for case in (*draw_cases(arguments.count), *vault_cases()):
        messages = build_messages(case.question, case.passages)
        prompt = reading.prompt(messages)
        differing += prompt != [1, *tokenizer.encode(messages[1].content).ids, 2]
        answer = reading.answer(prompt)
        verdict = is_right(case, answer)
        right.setdefault((case.group, bool(case.value)), []).append(verdict)
        whole += answer == case.answer or (verdict and not case.answer)
        if not verdict and arguments.show > 0:
            arguments.show -= 1
            print(
                json.dumps(
                    {"in": case.group, "asked": case.question, "wanted": case.answer, "said": answer},
                    ensure_ascii=False,
                )
            )
    seconds = time.perf_counter() - started
    print("| prompt | right value and [n] | right refusals |\n| --- | --- | --- |")
    for group in dict.fromkeys(group for group, _ in right):
        cells = [right.get((group, answered), []) for answered in (True, False)]
        print(
            f"| {group} | "
            + " | ".join(f"{sum(c)}/{len(c)} = {sum(c) / max(1, len(c)):.3f}" for c in cells)
            + " |"
        )
    total = sum(map(len, right.values()))
    print(f"\n{whole} of {total} answers are the expected sentence to the letter.")
    print(f"{differing} of {total} prompts are tokenized otherwise than in training.")
    print(
        f"{seconds:.0f} s for {reading.prompt_tokens} prompt and {reading.answer_tokens} answer tokens "
        f"with {arguments.threads} threads of {platform.machine()}, llama-cpp-python {llama_cpp.__version__}."
    )


if __name__ == "__main__":
    main()
