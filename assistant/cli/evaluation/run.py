"""`kb eval run`: the questions of a set, asked and judged."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import generators
from assistant.cli import diagnostics, filtering, options
from assistant.cli.completion import complete_model
from assistant.cli.diagnostics import Exit, Interrupted, StatusLine
from assistant.cli.group import Command
from indexer.client import IndexerClient, connect
from indexer.errors import KbError, UsageError
from indexer.paths import Places
from indexer.types import Filters

if TYPE_CHECKING:
    from assistant.cli.evaluation.session import Session
    from assistant.config import Settings


@click.command("run", cls=Command)
@click.argument("questions", metavar="QUESTIONS")
@click.option("--corpus", metavar="FOLDER", help="Ask FOLDER alone, indexed for this run and then forgotten.")
@filtering.filter_options
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Ask only the first N questions.")
@click.option("--sample", metavar="N", type=click.IntRange(1), help="Ask only N questions drawn at random.")
@click.option("--seed", default=0, show_default=True, help="Draws the same questions again.")
@click.option(
    "--without-sources",
    is_flag=True,
    help="Ask every answerable question once more without the files that say it, to be refused.",
)
@click.option("--no-history", is_flag=True, help="Ask follow-ups without what was said before.")
@click.option(
    "-n", "--passages", type=click.IntRange(1, 50), help="Passages to read.  [default: from the config]"
)
@click.option(
    "--model", metavar="NAME", shell_complete=complete_model, help="Answer with this GGUF, by name or path."
)
@click.option("--models", metavar="A,B,…", help="Compare these models on the same passages.")
@click.option("--no-model", is_flag=True, help="Answer in the files' own words; with --models: that too.")
@click.option("--by", metavar="FIELD", help="A line for each value of a field of the set, such as category.")
@click.option(
    "--show", type=click.Choice(["failures", "all"]), help="List questions with their answers and sources."
)
@click.option("--output", metavar="FILE", help="Write every result to FILE, one JSON object a line.")
@click.option("--compare", metavar="FILE", help="Say what differs from the results in FILE.")
@options.json_option("one object")
def run(
    questions: str,
    *,
    corpus: str | None,
    filters: Filters,
    limit: int | None,
    sample: int | None,
    seed: int,
    passages: int | None,
    model: str | None,
    models: str | None,
    by: str | None,
    show: str | None,
    output: str | None,
    compare: str | None,
    without_sources: bool,
    no_history: bool,
    no_model: bool,
    as_json: bool,
) -> Exit:
    """Ask the questions in the file QUESTIONS, and say how well they are answered.

    Each line is one JSON object: a question, and what is known of its answer,
    source, whether it is answerable, and the history before it:

    \b
        {"question": "When is the rent due?", "answer": "the 5th", "source": "lease.md"}
        {"question": "Who is my dentist?", "answerable": "no"}

    Nothing is stored of it. A line that is no question is named and passed over,
    and the exit code is 2 in the end.
    """  # noqa: D301 - click reads the control character
    # deferred, all: help needs none of it.
    from assistant.cli.evaluation import reading, report
    from assistant.cli.evaluation.session import Session, kept_in
    from assistant.config import Settings
    from indexer.config import load_settings

    if model is not None and (no_model or models is not None):
        raise UsageError("--model excludes --models and --no-model")
    cases, bad = reading.read_set(Path(questions))
    cases = reading.choose(cases, limit=limit, sample=sample, seed=seed)
    if by is not None:
        reading.check_field(by, cases)
    earlier = None if compare is None else reading.read_earlier(Path(compare))
    places = Places.discover()
    settings = load_settings(places.config_file, Settings)
    given = {} if passages is None else {"passages": passages}
    ended_by: KbError | None = None
    is_stopped = False
    with StatusLine() as line, kept_in(output) as keep, _asked_of(corpus, places, line) as client:
        session = Session(
            cases=cases,
            client=client,
            settings=settings.answer.model_copy(update=given),
            line=line,
            keep=keep,
            filters=filters,
            has_history=not no_history,
            asks_without_sources=without_sources,
        )
        session.begin()
        try:
            _ask(session, places, settings, model=model, models=models, no_model=no_model)
        except KeyboardInterrupt:
            is_stopped = True
        except KbError as error:
            ended_by = error
    outcome = report.Outcome(
        file=Path(questions),
        cases=session.cases,
        bad=bad,
        runs=session.runs,
        is_complete=not (is_stopped or ended_by),
    )
    report.write(outcome, by=by, show=show, earlier=earlier, as_json=as_json)
    if is_stopped:
        raise Interrupted(f"stopped; these are the figures of {outcome.extent()}")
    if ended_by is not None:
        raise ended_by
    if errors := outcome.errors(session.failed):
        return diagnostics.exit_code(errors[0])
    return Exit.USAGE if bad else Exit.ANSWERED


@contextlib.contextmanager
def _asked_of(corpus: str | None, places: Places, line: StatusLine) -> Iterator[IndexerClient]:
    """Connect to the index that is asked: the person's own, or one of a folder by itself."""
    if corpus is None:
        yield connect(places)
        return
    # deferred: most sets are about one's own files.
    from assistant.cli.evaluation.corpus import indexed_apart

    with indexed_apart(options.existing_path(corpus), places, line) as apart:
        yield connect(apart)


def _ask(
    session: "Session",
    places: Places,
    settings: "Settings",
    *,
    model: str | None,
    models: str | None,
    no_model: bool,
) -> None:
    if models is not None:
        # deferred: only a comparison looks at all models.
        from assistant.models.surroundings import Surroundings

        session.compare(Surroundings.discover(), models, is_extractive_too=no_model)
    elif no_model or (model is None and not generators.has_generator(settings)):
        session.without_model()
    else:
        session.with_model(places, settings, model)
