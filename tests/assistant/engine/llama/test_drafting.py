"""Tests of guessing ahead: the answer stays the same, token by token."""

import threading
from collections.abc import Iterator
from pathlib import Path

import llama_cpp.llama_cpp as llama
import pytest

from assistant.engine.llama import Model, load_model
from assistant.engine.llama.pace import LONGEST
from assistant.engine.types import Interrupted, Piece, Sampling
from assistant.errors import ModelFileError
from tests.assistant.engine.llama.eager import make_eager
from tests.models.shapes import write_shape
from tests.models.speaking_gguf import write_speaking_model

GREEDY = Sampling(temperature=0)
WILD = [Sampling(temperature=11, top_k=0, top_p=1, seed=seed) for seed in range(2, 8)]
"""Leaves the script now and then."""

SCRIPT = [f" {first}{second}t" for first in "bdfgklmn" for second in "aeiou"]


def load(path: Path, draft: Path | None = None) -> Model:
    """Load a model with one thread."""
    return load_model(path, context_tokens=2048, gpu_layers=0, threads=1, draft=draft)


def write(model: Model, prompt: str, sampling: Sampling = GREEDY, *, max_tokens: int = 60) -> tuple[str, str]:
    """Return what a model answers, and why it ended."""
    text = f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
    model.read(model.tokenize([Piece(text, True)]))
    tokens = model.write(sampling, max_tokens=max_tokens)
    written = b""
    while True:
        try:
            written += next(tokens)[0]
        except StopIteration as end:
            return written.decode("latin-1"), end.value


def write_plainly(
    model: Model, prompt: str, sampling: Sampling = GREEDY, *, max_tokens: int = 60
) -> tuple[str, str]:
    """Answer without a guess."""
    drafters, model.drafters = model.drafters, []
    try:
        return write(model, prompt, sampling, max_tokens=max_tokens)
    finally:
        model.drafters = drafters


@pytest.fixture(scope="module")
def speaking_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that says forty words by heart, whatever it is asked."""
    return write_speaking_model(tmp_path_factory.mktemp("models") / "speaking.gguf", SCRIPT)


@pytest.fixture(scope="module")
def speaking(speaking_file: Path) -> Iterator[Model]:
    """The same, loaded; it guesses whenever it can."""
    model = load(speaking_file)
    make_eager(model)
    yield model
    model.close()


def test_a_quoting_answer_is_guessed(speaking: Model) -> None:
    """What stands in the passages is evaluated many tokens at a time, and ends where the model ends it."""
    quote = "".join(SCRIPT)
    assert write(speaking, quote + " and more") == (quote, "stop")
    drafted, accepted = speaking.speculation
    assert accepted > 30
    assert drafted >= accepted


def test_wrong_guesses_are_taken_back(speaking: Model) -> None:
    """Passages that begin like the answer and go on otherwise change nothing of it."""
    scraps = " but".join("".join(SCRIPT[start : start + 5]) for start in range(0, 40, 3))
    assert write(speaking, scraps) == ("".join(SCRIPT), "stop")
    drafted, accepted = speaking.speculation
    assert 0 < accepted < drafted


def test_no_guess_where_nothing_is_quoted(speaking: Model) -> None:
    """Nothing is tried where there is nothing to go by."""
    assert write(speaking, "hello") == ("".join(SCRIPT), "stop")
    assert speaking.speculation == (0, 0)


@pytest.mark.parametrize("limit", [1, 2, 9, 17])
def test_the_token_limit_holds_within_a_guess(speaking: Model, limit: int) -> None:
    """Exactly so many tokens are written, however many were right."""
    assert write(speaking, "".join(SCRIPT), max_tokens=limit) == ("".join(SCRIPT[:limit]), "length")


@pytest.mark.parametrize("sampling", WILD)
def test_sampled_answers_are_the_same_with_guesses(speaking: Model, sampling: Sampling) -> None:
    """The same seed draws the same tokens, whether they were guessed or not."""
    prompt = "".join(SCRIPT)
    expected = write_plainly(speaking, prompt, sampling)
    assert write(speaking, prompt, sampling) == expected
    drafted, accepted = speaking.speculation
    assert 0 <= accepted < drafted


@pytest.mark.parametrize("sampling", [GREEDY, *WILD])
def test_the_memory_holds_what_was_written_and_no_guess(speaking: Model, sampling: Sampling) -> None:
    """Right or wrong, guesses leave nothing behind but the answer."""
    prompt = "".join(SCRIPT)
    write_plainly(speaking, prompt, sampling)
    expected = list(speaking.prefixes.tokens)
    write(speaking, prompt, sampling)
    assert speaking.prefixes.tokens == expected
    memory = llama.llama_get_memory(speaking.prefixes.context)
    assert llama.llama_memory_seq_pos_max(memory, 0) == len(expected) - 1


def test_tokens_are_sent_in_the_middle_of_guesses(speaking: Model) -> None:
    """What is sent takes the place of guesses that are not written yet."""
    text = f"<|im_start|>user\n{''.join(SCRIPT)}<|im_end|>\n<|im_start|>assistant\n"
    jump = speaking.tokenize([Piece(SCRIPT[20], False)])
    for place in range(1, 18):
        speaking.read(speaking.tokenize([Piece(text, True)]))
        tokens = speaking.write(GREEDY, max_tokens=100)
        first = [next(tokens)[0] for _ in range(place)]
        rest = [tokens.send(jump)[0], *(data for data, _ in tokens)]
        assert b"".join(first).decode() == "".join(SCRIPT[:place])
        assert b"".join(rest).decode() == "".join(SCRIPT[21:])


def test_models_that_cannot_cut_back_do_not_guess(tmp_path: Path) -> None:
    """A wrong guess could not be taken back from a recurrent state."""
    path = write_shape(tmp_path, "qwen35")
    model = load(path, draft=path)
    assert model.drafters == []
    model.close()


def test_an_answer_is_cancelled_within_a_guess(speaking: Model) -> None:
    """Guesses are given up like any other tokens, and the next answer is whole."""
    prompt = "".join(SCRIPT)
    timer = threading.Timer(0.02, speaking.interrupt)
    timer.start()
    with pytest.raises(Interrupted):
        write_for_ever(speaking, prompt)
    timer.join()
    speaking.clear_interrupt()
    assert write(speaking, prompt) == (prompt, "stop")


def write_for_ever(model: Model, prompt: str) -> None:
    """Answer until interrupted."""
    while True:
        write(model, prompt)


def test_an_interrupted_answer_ends_with_the_batch(speaking: Model) -> None:
    """No further batch is begun, and what was found right is all that comes."""
    text = f"<|im_start|>user\n{''.join(SCRIPT)}<|im_end|>\n<|im_start|>assistant\n"
    speaking.read(speaking.tokenize([Piece(text, True)]))
    tokens = speaking.write(GREEDY, max_tokens=100)
    for _ in range(6):
        next(tokens)
    speaking.interrupt()
    rest: list[bytes] = []
    with pytest.raises(Interrupted):
        rest.extend(data for data, _ in tokens)
    assert len(rest) <= LONGEST
    speaking.clear_interrupt()


def test_a_draft_model_guesses_what_its_like_writes(speaking_file: Path) -> None:
    """A draft that is the model itself is always right."""
    model = load(speaking_file, draft=speaking_file)
    del model.drafters[0]
    make_eager(model)
    # what it has not read yet it reads before it guesses.
    assert write(model, "a question that is not quoted") == ("".join(SCRIPT), "stop")
    drafted, accepted = model.speculation
    assert accepted == drafted > 20
    model.close()


@pytest.mark.parametrize("sampling", WILD)
def test_a_draft_that_is_often_wrong_changes_nothing(speaking_file: Path, sampling: Sampling) -> None:
    """Wrong guesses of another model cost time only."""
    model = load(speaking_file, draft=speaking_file)
    make_eager(model)
    expected = write_plainly(model, "a question", sampling)
    assert write(model, "a question", sampling) == expected
    drafted, accepted = model.speculation
    assert 0 < accepted < drafted
    model.close()


def test_a_draft_with_another_vocabulary_is_refused(speaking_file: Path, random_model: Path) -> None:
    """Its guesses would mean other words."""
    with pytest.raises(
        ModelFileError, match=r"random\.gguf cannot guess ahead.*vocabularies differ"
    ) as caught:
        load(speaking_file, draft=random_model)
    assert "draft_path" in caught.value.hint


def test_a_draft_that_cannot_cut_back_is_refused(tmp_path: Path) -> None:
    """It would read the whole text again behind every wrong guess."""
    target, draft = write_shape(tmp_path, "granite"), write_shape(tmp_path, "granitehybrid")
    with pytest.raises(ModelFileError, match="could not take a wrong guess back"):
        load(target, draft=draft)


def test_a_draft_that_cannot_be_loaded_is_refused(random_model: Path, tmp_path: Path) -> None:
    """It is named, so that nobody looks for the fault in the model itself."""
    strange = tmp_path / "strange.gguf"
    strange.write_bytes(random_model.read_bytes().replace(b"llama", b"lllll"))
    with pytest.raises(ModelFileError, match=r"strange\.gguf, which is to guess ahead"):
        load(random_model, draft=strange)
