"""The environment children are started in."""

import json
from pathlib import Path

from indexer.children import child_environment, spawn_child


def test_nothing_strange_steers_a_child() -> None:
    """Variables that chromadb and hub clients would obey do not pass; ours do."""
    environment = child_environment(
        {
            "PATH": "/bin",
            "KB_HOME": "/h",
            "CHROMA_OTEL_COLLECTION_ENDPOINT": "http://example.com",
            "PERSIST_DIRECTORY": "/elsewhere",
            "HF_HUB_OFFLINE": "0",
            "HF_TOKEN": "secret",
        }
    )
    assert environment["PATH"] == "/bin"
    assert environment["KB_HOME"] == "/h"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert not {"CHROMA_OTEL_COLLECTION_ENDPOINT", "PERSIST_DIRECTORY", "HF_TOKEN"} & environment.keys()


def test_a_child_runs_where_it_is_told_in_a_session_of_its_own(tmp_path: Path) -> None:
    """Its directory is the given one, and Ctrl-C in our terminal does not reach it."""
    (tmp_path / "tell.py").write_text(
        "import json, os\nprint(json.dumps([os.getcwd(), os.getsid(0) == os.getpid()]))\n", encoding="utf-8"
    )
    # -m finds the module because Python looks into the directory it runs in.
    with spawn_child("tell", [], work_dir=tmp_path) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.close()
        directory, leads_session = json.load(child.stdout)
        assert child.wait() == 0
    assert Path(directory) == tmp_path.resolve()
    assert leads_session is True
