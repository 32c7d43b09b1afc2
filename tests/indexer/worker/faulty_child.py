"""A worker child without a model that fails as it is told: by its model's name, or by a request's text."""

import json
import os
import sys
import time
from pathlib import Path

from indexer.frames import read_frame, write_frame

FACTS = {
    "model": "faulty",
    "fingerprint": "faulty-1",
    "dim": 2,
    "capacity_tokens": 10,
    "tokenizer_file": "/nowhere/tokenizer.json",
    "device": "cpu",
    "dtype": "float32",
}
UNIT = b"\0\0\x80\x3f\0\0\0\0"
"""The vector (1, 0)."""


def main() -> None:
    """Greet, then answer until told to fail."""
    settings_json, _search_json, home, store_dir, _nice = sys.argv[1:]
    behaviour = json.loads(settings_json)["model"]
    answers, requests = sys.stdout.buffer, sys.stdin.buffer
    with (Path(home) / "starts").open("a", encoding="ascii") as starts:
        starts.write("x")
    if behaviour == "no model":
        write_frame(
            answers,
            {"error": {"kind": "ConfigError", "message": "there is no such model", "hint": "name one"}},
        )
        return
    if behaviour == "dies at once":
        os._exit(1)
    if behaviour == "prints":
        answers.write(b"Welcome to a library that prints!\n")
        answers.flush()
    is_second = (Path(home) / "starts").read_text(encoding="ascii") != "x"
    write_frame(
        answers, {**FACTS, "fingerprint": "faulty-2"} if behaviour == "changes" and is_second else FACTS
    )
    if behaviour == "dies of its store" and store_dir and Path(store_dir).exists():
        os._exit(139)
    write_frame(
        answers,
        {
            "store_error": "" if store_dir else "the vector store cannot be opened",
            "store_is_busy": False,
        },
    )
    while True:
        try:
            message, _ = read_frame(requests)
        except EOFError:
            if behaviour == "stays":
                time.sleep(60)
            return
        text = message.get("text", "")
        if text == "die":
            os._exit(1)
        if text == "die once" and (Path(home) / "starts").read_text(encoding="ascii") == "x":
            os._exit(1)
        if text == "refuse":
            error = {"kind": "StoreError", "message": "the vector store failed: no", "hint": ""}
            write_frame(answers, {"id": message["id"], "error": error})
        else:
            write_frame(answers, {"id": message["id"], "memory_bytes": 1, "ids": []}, UNIT)


if __name__ == "__main__":
    main()
