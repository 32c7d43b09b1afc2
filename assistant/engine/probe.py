"""The process that asks llama.cpp: `python -m assistant.engine.probe FILE` or `--devices`.

What llama.cpp cannot bear ends this process and no other, so whoever started it
gives the verdict. The first line it writes says that llama.cpp itself works; the
second is the answer, as JSON.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

READY = "ready"


def main(arguments: list[str]) -> int:
    """Answer one question about a file or the machine; returns the exit code."""
    # llama.cpp may write where it likes: what we say goes to a copy of standard output.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        os.dup2(2, 1)
        # deferred: that the library loads at all is half of what is asked.
        from assistant.engine.llama import list_devices
        from assistant.engine.llama.trying import try_model

        def say(value: object) -> None:
            answer.write(json.dumps(value) + "\n")
            answer.flush()

        say(READY)
        if arguments == ["--devices"]:
            say([asdict(device) for device in list_devices()])
            return 0
        if len(arguments) != 1:
            sys.stderr.write("usage: python -m assistant.engine.probe FILE | --devices\n")
            return 2
        say({"reason": try_model(Path(arguments[0]))})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
