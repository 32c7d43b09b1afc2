"""Every error kb raises on purpose.

KbError                       base; carries a message and a hint
├── UsageError                what was asked for makes no sense as given             exit 2
├── ConfigError               a setting we cannot honour; names file, key, remedy    exit 2
├── IndexerError              the index or its daemon cannot serve                   exit 3
│   ├── DaemonError           the daemon does not start, or went away
│   ├── WorkerError           the embedding worker died or does not answer
│   └── StoreError            catalog or vector store failed; the daemon stops
│       └── StoreMismatchError  built with another embedder; needs a rebuild
├── DocumentError             one file failed; it is recorded, and the daemon goes on
│   ├── TransientError        worth another attempt (locked, still being written)
│   └── PermanentError        not worth one until the file changes (damaged, encrypted)
└── EngineError               the model cannot run (subclasses: assistant.errors)    exit 4

A message names what happened to which thing, without a full stop; a hint is
what the person can do about it, as a command where there is one. Exit codes
are the command line's contract and are mapped in `assistant.cli.diagnostics`.
"""


class KbError(Exception):
    """Base of every error a person may be shown.

    Args:
        message: What happened, naming the thing it happened to. No full stop.
        hint: What the person can do about it, as a command where there is one.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(KbError):
    """What was asked for makes no sense as given: a path that does not exist, an empty question."""


class ConfigError(KbError):
    """A setting that cannot be honoured."""


class IndexerError(KbError):
    """The index or its daemon cannot serve."""


class DaemonError(IndexerError):
    """The daemon does not start, does not answer, or went away in the middle."""


class WorkerError(IndexerError):
    """The embedding worker died or does not answer; the daemon starts another one."""


class StoreError(IndexerError):
    """The catalog or the vector store failed; nothing more is written to it."""


class StoreMismatchError(StoreError):
    """The store was built with another embedding model than the one configured."""

    def __init__(self, *, stored: str, configured: str) -> None:
        super().__init__(
            f"the index holds embeddings of {stored}, the config asks for {configured}",
            hint="run `kb indexer rebuild`, or set [embedding] model back",
        )


class DocumentError(KbError):
    """One file cannot be indexed; the catalog records why, and the daemon goes on."""


class TransientError(DocumentError):
    """The file may well work later: locked, still being written, out of memory."""


class PermanentError(DocumentError):
    """The file will not work until it changes: damaged, encrypted, not what its name says."""


class EngineError(KbError):
    """The language model cannot run."""
