"""Frames: how parent and child talk over a pipe.

A frame is one JSON object and any number of trailing bytes (vectors). JSON
and not pickle, because a child that reads strangers' files is not trusted.

    4 bytes  length of the JSON, big-endian
    4 bytes  length of the trailing bytes, big-endian
    JSON, UTF-8; then the bytes
"""

import json
import struct
from typing import IO, Any

_HEADER = struct.Struct(">II")

MAX_PART_BYTES = 1 << 30
"""A longer part means that the stream is garbage."""


def write_frame(stream: IO[bytes], message: dict[str, Any], payload: bytes | memoryview = b"") -> None:
    """Write one frame and flush it.

    Raises:
        OSError: If the other side is gone.
    """
    # "surrogatepass": file names and damaged text may hold lone surrogates.
    text = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
    stream.write(_HEADER.pack(len(text), len(payload)))
    stream.write(text)
    if payload:
        stream.write(payload)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Read one frame.

    Raises:
        EOFError: If the other side is gone, also in the middle of a frame.
        ValueError: If what arrives is not a frame.
    """
    text_length, payload_length = _HEADER.unpack(_read_exactly(stream, _HEADER.size))
    if text_length > MAX_PART_BYTES or payload_length > MAX_PART_BYTES:
        raise ValueError("what arrived is not a frame")
    message = json.loads(_read_exactly(stream, text_length).decode("utf-8", "surrogatepass"))
    return message, _read_exactly(stream, payload_length)


def _read_exactly(stream: IO[bytes], count: int) -> bytes:
    pieces: list[bytes] = []
    while count:
        piece = stream.read(count)
        if not piece:
            raise EOFError("the other side closed the pipe")
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
