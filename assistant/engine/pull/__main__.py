"""The process that downloads: `python -m assistant.engine.pull --home DIR -- NAME`.

It writes one JSON object a line: `{"step": …}` for what goes on, `{"found": …}`
before the download begins, `{"progress": …}` meanwhile, and at the end
`{"saved": …}`, `{"there": …}` for what need not be fetched, or `{"error": …}`.
It ends with whoever started it, which closes its standard input.
"""

import argparse
import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from assistant.config import Settings
from assistant.engine.models import Shelf, list_models, list_shelves
from assistant.engine.models.licences import UNKNOWN, Licence
from assistant.engine.models.probing import probe_devices
from assistant.engine.pull.choosing import HubFile, Offer, choose, choose_file
from assistant.engine.pull.downloading import (
    Fetched,
    Remote,
    check_room,
    download,
    is_there,
    look_at,
    missing_bytes,
)
from assistant.engine.pull.hub import Hub
from assistant.engine.pull.naming import HUB, Wanted, read_name
from assistant.engine.pull.web import AnswerError, Web
from assistant.engine.types import Device
from assistant.errors import EngineUnavailableError
from indexer.config import load_settings
from indexer.errors import KbError, UsageError
from indexer.paths import Places

TOLD_EVERY_S = 0.1
"""Shortest time between two lines about how far a download is."""

_DIGEST = re.compile(r"(?:sha256-)?([0-9a-f]{64})")
"""What the blobs of Ollama and of the hub's cache are named."""


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Download one model; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m assistant.engine.pull", description="Download a model.")
    parser.add_argument("--home", type=Path, required=True, help="kb's directory")
    parser.add_argument("--config", type=Path, required=True, help="kb's config file")
    parser.add_argument("--quant", default="", help="which of several")
    parser.add_argument("name")
    values = parser.parse_args(arguments)
    places = Places(config_file=values.config, home=values.home)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        return _pull_and_tell(places, values.name, values.quant, environ)
    except BrokenPipeError:
        # whoever started us is gone, and what is still buffered must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 130


def _end_with_parent() -> None:
    """Wait until whoever started us is gone, however it went; what has come stands on the disk already."""
    sys.stdin.buffer.read()
    os._exit(130)


def _pull_and_tell(places: Places, name: str, quantisation: str, environ: Mapping[str, str]) -> int:
    try:
        for event in _pull(places, name, quantisation, environ):
            _tell(event)
    except KbError as error:
        _tell({"error": {"kind": type(error).__name__, "message": error.message, "hint": error.hint}})
        return 4
    return 0


def _tell(event: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def _pull(
    places: Places, name: str, quantisation: str, environ: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    endpoint = (environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    if not endpoint.startswith(("https://", "http://")):
        raise UsageError(f"HF_ENDPOINT is {endpoint!r}, which is no address", hint=f"unset it for {HUB}")
    wanted = read_name(name, quantisation=quantisation, endpoint=endpoint)
    web = Web(token=environ.get("HF_TOKEN", "").strip(), token_origin=endpoint)
    shelves = list_shelves(places, load_settings(places.config_file, Settings).model, environ=environ)
    if wanted.url:
        yield from _pull_address(web, wanted.url, places.models_dir, shelves)
    else:
        yield from _pull_model(web, Hub(web, endpoint), wanted, places, shelves)


def _pull_address(web: Web, url: str, models_dir: Path, shelves: Iterable[Shelf]) -> Iterator[dict[str, Any]]:
    host = urlsplit(url).hostname or ""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    yield {"step": f"asking {host}…"}
    remote = look_at(web, url)
    file = HubFile(path=name, size_bytes=remote.size_bytes, sha256="")
    offer = Offer(name=name, quantisation="", files=(file,), is_whole=True)
    yield _found(offer, name, host, UNKNOWN)
    yield from _fetch(web, offer, [remote], [models_dir / host / name], shelves)


def _pull_model(
    web: Web, hub: Hub, wanted: Wanted, places: Places, shelves: Iterable[Shelf]
) -> Iterator[dict[str, Any]]:
    yield {"step": f"asking {hub.host}…"}
    repository = hub.repository(wanted.repository, wanted.revision)
    files = hub.files(repository)
    if wanted.file:
        offer = choose_file(files, repository=repository.name, path=wanted.file)
    else:
        memories = [] if wanted.quantisation else _memories(places.work_dir)
        offer = choose(
            files,
            repository=repository.name,
            quantisation=wanted.quantisation,
            memories_bytes=memories,
        )
    yield _found(offer, repository.name, hub.host, repository.licence)
    remotes = [
        Remote(
            url=hub.address(repository, file.path),
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            version=repository.commit,
        )
        for file in offer.files
    ]
    targets = [places.models_dir / repository.name / file.path for file in offer.files]
    try:
        yield from _fetch(web, offer, remotes, targets, shelves)
    except AnswerError as error:
        raise hub.explain(error, repository.name) from error


def _found(offer: Offer, source: str, host: str, licence: Licence) -> dict[str, Any]:
    return {
        "found": {
            "source": source,
            "host": host,
            "file": offer.files[0].path,
            "files": len(offer.files),
            "quantisation": offer.quantisation,
            "size_bytes": offer.size_bytes,
            "licence": asdict(licence),
        }
    }


def _fetch(
    web: Web, offer: Offer, remotes: Sequence[Remote], targets: Sequence[Path], shelves: Iterable[Shelf]
) -> Iterator[dict[str, Any]]:
    """Fetch the files of a model, those that are not there."""
    if all(map(is_there, remotes, targets)):
        yield {"there": {"path": str(targets[0]), "program": "kb"}}
        return
    if twin := _find_twin(offer.files, shelves):
        yield {"there": {"path": str(twin[0]), "program": twin[1]}}
        return
    targets[0].parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_room(sum(map(missing_bytes, remotes, targets)), targets[0].parent)
    before = 0
    for remote, target in zip(remotes, targets, strict=True):
        if not is_there(remote, target):
            yield from _tell_sometimes(download(web, remote, target), before, offer.size_bytes)
        before += remote.size_bytes
    yield {"saved": {"path": str(targets[0])}}


def _tell_sometimes(progress: Iterable[Fetched], before: int, total: int) -> Iterator[dict[str, Any]]:
    told, waiting_for = -TOLD_EVERY_S, ""
    for fetched in progress:
        now = time.monotonic()
        if now - told < TOLD_EVERY_S and fetched.waiting_for == waiting_for:
            continue
        told, waiting_for = now, fetched.waiting_for
        yield {
            "progress": {
                "done_bytes": before + fetched.done_bytes,
                "total_bytes": total,
                "waiting_for": fetched.waiting_for,
            }
        }


def _find_twin(files: Sequence[HubFile], shelves: Iterable[Shelf]) -> tuple[Path, str] | None:
    """Find a model that another program has: by its hash where names tell it, else by name and size."""
    for model in list_models(shelves):
        if len(model.parts) == len(files) and all(map(_is_same, model.parts, files)):
            return model.path, model.program
    return None


def _is_same(path: Path, file: HubFile) -> bool:
    try:
        found = _DIGEST.fullmatch(path.resolve().name)
        if found and file.sha256:
            return found[1] == file.sha256
        return path.name == file.path.rpartition("/")[2] and path.stat().st_size == file.size_bytes > 0
    except OSError:
        return False


def _memories(work_dir: Path) -> list[int]:
    """List the memories that could hold a model, in bytes: that of the largest GPU first."""
    try:
        devices = probe_devices(work_dir=work_dir)
    except EngineUnavailableError:
        # deferred: only where llama.cpp does not work.
        import psutil

        devices = (Device(name="CPU", kind="cpu", free_bytes=0, total_bytes=psutil.virtual_memory().total),)
    gpus = [device.total_bytes for device in devices if device.kind == "gpu"]
    own = [device.total_bytes for device in devices if device.kind == "cpu"]
    return [memory for memory in (max(gpus, default=0), max(own, default=0)) if memory]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
