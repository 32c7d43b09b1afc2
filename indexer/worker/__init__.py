"""The one child that embeds and stores, and its supervisor.

`Worker` is the parent's side. The child (`python -m indexer.worker`) is the
only process that loads the embedding model and opens Chroma: both are heavy,
and a native crash of either must not take the daemon along.
"""

from indexer.worker.supervisor import Worker, WorkerInfo

__all__ = ["Worker", "WorkerInfo"]
