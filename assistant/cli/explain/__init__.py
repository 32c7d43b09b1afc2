"""`kb explain`: every stage and score that led to an answer."""

import click

from assistant import generators
from assistant.cli import filtering, options, output
from assistant.cli.completion import complete_model
from assistant.cli.diagnostics import Exit, StatusLine
from assistant.cli.group import Command
from indexer.client import connect
from indexer.errors import UsageError
from indexer.paths import Places
from indexer.types import Filters


@click.command(cls=Command)
@click.argument("question", nargs=-1, required=True)
@click.option("--file", metavar="PATH", help="Say what became of this file, indexed or not.")
@click.option(
    "-n", "--passages", type=click.IntRange(1, 50), help="Passages to read.  [default: from the config]"
)
@filtering.filter_options
@click.option(
    "--model", metavar="NAME", shell_complete=complete_model, help="Answer with this GGUF, by name or path."
)
@click.option("--no-model", is_flag=True, help="Answer in the files' own words.")
@options.json_option("one object with all of it")
def explain(
    question: tuple[str, ...],
    file: str | None,
    passages: int | None,
    filters: Filters,
    model: str | None,
    *,
    no_model: bool,
    as_json: bool,
) -> Exit:
    """Show what leads to the answer to QUESTION, stage by stage.

    How the question is understood, which words are looked for, what is found
    with which score, what becomes of it, how much of it a model reads, and how
    well the passages bear each statement. --file tells at which of these a file
    falls out. Nothing of it is kept.
    """
    # deferred, all: help needs none of it.
    from assistant.cli.explain.drawing import write_explanation
    from assistant.config import Settings
    from assistant.explaining import explain as explain_answer
    from assistant.types import Question
    from indexer.config import load_settings

    if model is not None and no_model:
        raise UsageError("--model and --no-model exclude each other")
    text = options.written(question, what="question")
    if not text:
        raise UsageError("the question is empty")
    places = Places.discover()
    settings = load_settings(places.config_file, Settings)
    given = {} if passages is None else {"passages": passages}
    asked = Question(text=text, filters=filters)
    path = None if file is None else options.absolute_path(file)
    with StatusLine() as line:
        line.show("searching…")
        client = connect(places)
        has_model = not no_model and (model is not None or generators.has_generator(settings))
        generator = (
            generators.open_generator(places, settings, model=model, say=line.show) if has_model else None
        )
        line.show("answering…")
        explained = explain_answer(
            asked,
            searcher=client,
            generator=generator,
            settings=settings.answer.model_copy(update=given),
            file=path,
        )
    if as_json:
        output.write_json(explained.to_json())
    else:
        write_explanation(explained, typed=text)
    return Exit.ANSWERED if explained.answer.answered else Exit.NOTHING_FOUND
