"""`kb search` through the real daemon."""

import json

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import kb


def test_the_best_passage_comes_first_with_its_place(home: Home) -> None:
    """Path, lines and headings in one line, then the sentences that match."""
    run = kb(home.path, "search", "who", "bought", "the", "cabin")
    assert (run.code, run.err) == (0, "")
    lines = run.out.splitlines()
    assert lines[0].startswith(f"[1] {home.vault}/cabin.md, line")
    assert "Cabin" in lines[0]
    assert "    The cabin was bought in 1987 by Ada Lindqvist." in lines


def test_json_is_an_array_best_first(home: Home) -> None:
    """Objects with path, score, text, locator and highlights, in falling order of score."""
    found = json.loads(kb(home.path, "search", "-n", "3", "--json", "wifi password").out)
    assert len(found) == 3
    assert found[0]["path"] == f"{home.vault}/sub/wifi.txt"
    assert {"path", "score", "text", "locator", "highlights"} <= found[0].keys()
    scores = [one["score"] for one in found]
    assert scores == sorted(scores, reverse=True)


def test_a_folder_narrows_the_search(home: Home) -> None:
    """`--in` takes folders and files, more than one of them, and relative ones too."""
    found = json.loads(
        kb(home.path, "search", "--in", f"{home.vault}/sub", "--json", "rent of the cabin").out
    )
    assert {one["path"] for one in found} <= {f"{home.vault}/sub/wifi.txt", f"{home.vault}/sub/nasty [1].md"}
    both = ["--in", f"{home.vault}/cabin.md", "--in", f"{home.vault}/sub/../lease.md"]
    found = json.loads(kb(home.path, "search", *both, "--json", "rent").out)
    assert {one["path"] for one in found} == {f"{home.vault}/cabin.md", f"{home.vault}/lease.md"}


def test_nothing_found_is_an_empty_array(home: Home) -> None:
    """A folder without files finds nothing: `[]`, exit code 1, and a word on stderr."""
    (home.path / "empty").mkdir(exist_ok=True)
    run = kb(home.path, "search", "--in", str(home.path / "empty"), "--json", "rent")
    assert (run.code, run.out, run.err) == (1, "[]\n", "kb: nothing found\n")


def test_documents_cannot_drive_the_terminal(home: Home) -> None:
    """Escape sequences and order marks of a file are not printed, JSON escapes them."""
    run = kb(home.path, "search", "-n", "1", "beacon glows at dusk")
    assert "The beacon glows der at dusk." in run.out
    as_json = kb(home.path, "search", "-n", "1", "--json", "beacon glows at dusk").out
    assert not set("\x1b\u202e") & set(run.out + as_json)
    assert as_json.isascii()


def test_a_folder_that_does_not_exist_is_named(home: Home) -> None:
    """A misspelt `--in` is no empty result."""
    run = kb(home.path, "search", "--in", "/no/such/folder", "rent")
    assert (run.code, run.out) == (2, "")
    assert run.err == "kb: error: /no/such/folder: no such file or directory\n"
