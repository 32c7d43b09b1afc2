"""The one thread that owns the model, and the jobs it works off."""

from assistant.engine.runner.jobs import GATHER_S, Closing, Job, JobEvent
from assistant.engine.runner.model import LoadedModel
from assistant.engine.runner.thread import Runner

__all__ = ["GATHER_S", "Closing", "Job", "JobEvent", "LoadedModel", "Runner"]
