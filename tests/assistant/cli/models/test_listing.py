"""`kb models list`, with models of several programs and a real llama.cpp that tries them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.engine.models import Bench, Kept
from tests.assistant.cli.kb import environment, kb, obey_file_modes, on_terminal
from tests.assistant.cli.models.conftest import Person
from tests.assistant.engine.models.programs import needs_bare_machine, put_into_ollama
from tests.models.wired_gguf import write_random_model

pytestmark = needs_bare_machine

TERMINAL = """
import fcntl, struct, sys, termios
fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
from assistant.cli import main
main(sys.argv[2:])
"""


def test_nobody_has_models(nobody: Person) -> None:
    """Nothing is an empty array, and a hint where models could be put."""
    run = nobody.kb("models", "list", "--json")
    assert (run.code, run.out) == (1, "[]\n")
    assert run.err.startswith(f"kb: there is no GGUF file in {nobody.kb_home}/models, nor where other")
    assert nobody.kb("models", "list").out == ""


def test_models_of_all_programs_are_listed(person: Person) -> None:
    """What can answer comes first; what does not load stands below, and the reason on stderr."""
    run = person.kb("models", "list")
    rows = [line.split("\t") for line in run.out.splitlines()]
    assert run.code == 0
    assert [row[0] for row in rows] == ["tiny:1m", "Wired-1B-Instruct-F16", "half"]
    assert rows[0][1:9] == ["", "619K", "F16", "8k", "1 MB", "CPU", "", "free"]
    assert rows[0][9] == "Ollama"
    assert Path(rows[0][10]).name.startswith("sha256-")
    assert rows[2][6] == "broken"
    assert "kb: half does not load: half.gguf is cut short" in run.err


def test_all_lists_what_cannot_answer(person: Person) -> None:
    """Embedding models and projectors are told apart, and stand last."""
    listed = json.loads(person.kb("models", "list", "--all", "--json").out)
    assert [(one["name"], one["kind"], one["loads"]) for one in listed] == [
        ("tiny:1m", "chat", True),
        ("Wired-1B-Instruct-F16", "chat", True),
        ("half", "unknown", False),
        ("mmproj-F16", "projector", None),
        ("nomic-embed", "embedding", False),
    ]
    tiny = listed[0]
    assert tiny["licence"] == {"name": "MIT", "allows": "free", "link": ""}
    assert (tiny["fits"], tiny["has_template"], tiny["is_configured"]) == ("CPU", True, False)


def test_the_group_by_itself_lists(person: Person) -> None:
    """`kb models` is short for the list."""
    assert person.kb("models").out == person.kb("models", "list").out


def test_a_verdict_is_kept(person: Person) -> None:
    """What llama.cpp said of a file is not asked again."""
    person.kb("models", "list")
    kept = json.loads((person.kb_home / "models.json").read_text(encoding="utf-8"))
    verdicts = {Path(path).name: entry["verdict"]["loads"] for path, entry in kept["models"].items()}
    assert verdicts["Wired-1B-Instruct-F16.gguf"] is True
    assert "half.gguf" not in verdicts


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_table_fits_the_terminal(columns: int, person: Person) -> None:
    """A heading, no line too long, names shortened before a column goes."""
    shown = on_terminal(
        person.kb_home,
        *("-c", TERMINAL, str(columns), "models", "list", "--all"),
        environ={**person.environ, "TERM": "xterm", "NO_COLOR": "1"},
    )
    lines = [line for line in shown.split("\x1b[K")[-1].splitlines() if not line.startswith("kb: ")]
    assert lines[0].split()[:2] == ["NAME", "KIND"]
    assert max(map(len, lines)) <= columns
    assert ("FROM" in lines[0]) == (columns == 120)


def test_a_closed_store_is_named(nobody: Person) -> None:
    """Models that another user keeps to himself are passed over with a word."""
    store = nobody.home / "ollama"
    put_into_ollama(store, "registry.ollama.ai/library/tiny/1m", model=b"1")
    (store / "manifests").chmod(0)
    run = kb(
        nobody.kb_home,
        *("models", "list"),
        environ={**nobody.environ, "OLLAMA_MODELS": str(store)},
        before=obey_file_modes,
    )
    assert run.code == 1
    assert run.err.startswith(f"kb: the models of Ollama in {store} may not be read by you\n")


def test_the_list_loads_no_engine(person: Person) -> None:
    """The command that lists models does not load llama.cpp itself."""
    code = (
        "import sys\nfrom assistant.cli import main\n"
        "try:\n    main(['models', 'list'])\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment(person.kb_home, person.environ),
        check=False,
    )
    loaded = {name.partition(".")[0] for name in ended.stderr.splitlines()[-1].split()}
    assert "assistant" in loaded
    assert loaded & {"llama_cpp", "numpy", "jinja2", "starlette", "psutil"} == set()


def test_a_configured_file_is_listed_wherever_it_stands(nobody: Person) -> None:
    """`[model] path` need not lie in any folder; the list marks it, and its name leads to it."""
    file = write_random_model(nobody.home / "elsewhere.gguf")
    nobody.config.write_text(f'[model]\npath = "{file}"\n', encoding="utf-8")
    (listed,) = json.loads(nobody.kb("models", "list", "--json").out)
    assert (listed["name"], listed["program"], listed["is_configured"]) == ("elsewhere", "config", True)
    assert nobody.kb("models", "info", "else").out.startswith("name\telsewhere\n")


def test_measured_speed_is_shown(nobody: Person) -> None:
    """What `kb models bench` measured stands in the list and, in full, in the description."""
    file = write_random_model(nobody.home / "elsewhere.gguf")
    nobody.config.write_text(f'[model]\npath = "{file}"\n', encoding="utf-8")
    bench = Bench(
        load_s=1.5,
        prompt_tokens_per_s=812.0,
        generation_tokens_per_s=42.4,
        first_token_s=0.25,
        gpu_bytes=0,
        device="CPU",
        when="2026-11-24T03:00:00+00:00",
    )
    Kept(nobody.kb_home / "models.json").keep_bench(file, bench)
    assert nobody.kb("models", "list").out.split("\t")[7] == "42/s"
    rows = dict(line.split("\t", 1) for line in nobody.kb("models", "info", "else").out.splitlines())
    assert rows["speed"] == (
        "writes 42.4 and reads 812 tokens/s, first token after 0.25 s, loads in 1.5 s (CPU, 2026-11-24)"
    )
