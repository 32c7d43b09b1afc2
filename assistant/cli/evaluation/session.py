"""One evaluation: the questions, the index they are asked, and what came of them so far."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from assistant import generators
from assistant.answering import Searcher, TextGenerator
from assistant.cli import diagnostics, freshness
from assistant.cli.diagnostics import StatusLine
from assistant.cli.evaluation.asking import Run, take
from assistant.cli.evaluation.contestants import engine_of, find_models
from assistant.cli.evaluation.reading import mention_sources
from assistant.config import AnswerSettings, Settings
from assistant.evaluation.cases import Case
from assistant.evaluation.records import to_json
from assistant.evaluation.running import Rankings, Result, SamePassages, run
from assistant.evaluation.sources import IndexedFiles, without_sources
from assistant.generating import Loads
from indexer.client import IndexerClient
from indexer.errors import EngineError, KbError, UsageError
from indexer.paths import Places
from indexer.types import EVERYTHING, Filters

if TYPE_CHECKING:
    from assistant.models.surroundings import Surroundings

Keep = Callable[[Result], None]


@dataclass(kw_only=True)
class Session:
    """Asks a set of questions, once or by several models."""

    cases: Sequence[Case]
    client: IndexerClient
    settings: AnswerSettings
    line: StatusLine
    keep: Keep
    filters: Filters = EVERYTHING
    has_history: bool = True
    asks_without_sources: bool = False
    """Whether each question is asked once more without the files that say it."""

    runs: list[Run] = field(default_factory=list)
    """Those that have begun; whatever ends a run early, what it has come to stays here."""

    failed: list[KbError] = field(default_factory=list)
    """What kept a model from answering at all."""

    def begin(self) -> None:
        """Look what of the sources is indexed, and have the embedding model loaded.

        Raises:
            UsageError: If nothing is indexed.
        """
        self.line.show("looking for the sources…")
        roots = self.client.roots()
        if not roots:
            raise UsageError(
                "no folder is indexed yet",
                hint="run `kb add FOLDER`, or name the folder of the set with `--corpus FOLDER`",
            )
        files = IndexedFiles([entry.path for entry in self.client.files()], roots)
        self._golds = {case.id: files.gold_of(case) for case in self.cases}
        if self.asks_without_sources:
            self._add_without_sources()
        self._rankings = Rankings(self.client)
        # the first search waits for the model, which is no question's fault.
        found = self.client.search("the first search", top_k=1)
        self.line.wipe()
        mention_sources(files, self.cases)
        freshness.mention_freshness(self.client, found.as_of, found.pending)

    def _add_without_sources(self) -> None:
        added = [without_sources(case, self._golds[case.id]) for case in self.cases]
        more = [pair for pair in added if pair is not None]
        self.cases = [*self.cases, *(case for case, _ in more)]
        self._golds |= {case.id: gold for case, gold in more}

    def without_model(self) -> None:
        """Answer in the files' own sentences."""
        self._run("", self.client, None)

    def with_model(self, places: Places, settings: Settings, name: str | None) -> None:
        """Answer with one model, by the engine that answers everyday questions.

        Args:
            places: Of the person's engine.
            settings: Name the model.
            name: Another one.
        """
        generator = generators.open_generator(places, settings, model=name, say=self.line.show)
        if isinstance(generator, Loads):
            for loaded in generator.loading():
                self.line.show(f"loading {generator.model_name} {loaded:.0%}")
        self._run(generator.model_name, self.client, generator)

    def compare(self, around: "Surroundings", names: str, *, is_extractive_too: bool) -> None:
        """Answer with several models from the same passages.

        Args:
            around: Where models stand.
            names: With commas between them.
            is_extractive_too: Whether the files' own sentences are one of them.
        """
        files = find_models(around, names)
        searcher = SamePassages(self.client)
        # what is found without a model is what all of them read; no model's wording decides over it.
        self._run("", searcher, None, is_shown=is_extractive_too)
        for file in files:
            try:
                with engine_of(around, file, self.line) as (client, cost):
                    self._run(file.name, searcher, client, cost=cost)
            except EngineError as error:
                self.line.wipe()
                diagnostics.report(f"{file.name}: {error.message}", hint=error.hint)
                self.failed.append(error)

    def _run(
        self,
        name: str,
        searcher: Searcher,
        generator: TextGenerator | None,
        *,
        cost: dict[str, object] | None = None,
        is_shown: bool = True,
    ) -> None:
        begun = Run(name, cost={} if cost is None else cost)
        if is_shown:
            self.runs.append(begun)
        results = run(
            self.cases,
            self._golds,
            searcher=searcher,
            rankings=self._rankings,
            generator=generator,
            settings=self.settings,
            filters=self.filters,
            has_history=self.has_history,
        )
        with contextlib.closing(results):
            take(begun, results, len(self.cases), self.line, keep=self.keep if is_shown else _keep_nothing)


@contextlib.contextmanager
def kept_in(file: str | None) -> Iterator[Keep]:
    """Write every result to a file as soon as it is there; to none without a name.

    Raises:
        UsageError: If it cannot be written.
    """
    if file is None:
        yield _keep_nothing
        return
    try:
        with Path(file).open("w", encoding="utf-8") as lines:
            yield lambda result: _write_line(lines, result)
    except OSError as error:
        raise UsageError(f"cannot write {file}: {(error.strerror or str(error)).lower()}") from error


def _write_line(lines: IO[str], result: Result) -> None:
    lines.write(json.dumps(to_json(result)) + "\n")
    lines.flush()


def _keep_nothing(_: Result) -> None:
    pass
