"""What can go wrong with a language model and with the history; the tree itself is drawn in `indexer.errors`.

EngineError
├── ModelNotFoundError    no model is configured, or none has that name
├── ModelFileError        the file is not a GGUF, is cut short, or llama.cpp refuses it
├── EngineUnavailableError  the engine process does not start or does not answer
├── EngineCrashedError    the engine died in the middle of an answer
├── PromptTooLongError    the prompt does not fit the context
├── NoAnswerError         the model wrote no answer, though it may have thought
├── MalformedAnswerError  an object was asked for, and none of that form was written
└── DownloadError         a model cannot be fetched from the hub

HistoryError              the conversations cannot be kept or read; answers go on    exit 3
"""

from indexer.errors import EngineError, KbError


class ModelNotFoundError(EngineError):
    """No model is configured, or none of that name or path exists."""


class ModelFileError(EngineError):
    """The model file cannot be loaded; the message gives llama.cpp's reason."""


class EngineUnavailableError(EngineError):
    """The engine process does not start or does not answer."""


class EngineCrashedError(EngineError):
    """The engine died in the middle of an answer; the next question starts another."""


class PromptTooLongError(EngineError):
    """The prompt does not fit the model's context."""


class NoAnswerError(EngineError):
    """The model wrote no answer, though it may have thought."""


class MalformedAnswerError(EngineError):
    """An object was asked for, and the model wrote none of that form."""


class DownloadError(EngineError):
    """A model cannot be fetched: it is not there, not open to us, does not fit, or arrived damaged."""


class HistoryError(KbError):
    """The conversations cannot be kept or read; questions are answered all the same."""
