"""`kb ask`: a question from the shell, its answer on stdout."""

import click

from assistant import generators
from assistant.answering import answer
from assistant.cli import diagnostics, filtering, freshness, options, output, search
from assistant.cli.ask import talking
from assistant.cli.ask.drawing import Drawing, say_not_found
from assistant.cli.completion import complete_model
from assistant.cli.diagnostics import Exit, StatusLine
from assistant.cli.group import Command
from assistant.config import Settings
from assistant.conversations import open_talk
from assistant.types import Question
from indexer.client import connect
from indexer.config import load_settings
from indexer.errors import UsageError
from indexer.paths import Places
from indexer.types import Filters


@click.command(cls=Command)
@click.argument("question", nargs=-1)
@click.option(
    "-n", "--passages", type=click.IntRange(1, 50), help="Passages to read.  [default: from the config]"
)
@filtering.filter_options
@options.fresh_option
@click.option(
    "--model", metavar="NAME", shell_complete=complete_model, help="Answer with this GGUF, by name or path."
)
@click.option("--no-model", is_flag=True, help="Answer in the files' own words.")
@click.option("--deep", is_flag=True, help="Let the model search again for what is missing; shows each step.")
@click.option("--strict", is_flag=True, help="Leave out sentences that their passages do not bear.")
@click.option("--anything", is_flag=True, help="Let the model answer what your files do not.")
@click.option(
    "--thinking",
    type=click.Choice(["auto", "on", "off"]),
    help="Whether the model thinks first, where it can.  [default: from the config]",
)
@click.option("--show-thinking", is_flag=True, help="Show its thoughts on stderr.")
@click.option("-c", "--continue", "is_continued", is_flag=True, help="Go on with the last conversation.")
@click.option(
    "--conversation",
    type=click.IntRange(1),
    metavar="ID",
    help="Go on with this conversation; `kb history list` shows them.",
)
@click.option(
    "--show-rewrite",
    is_flag=True,
    help="Say on stderr what a follow-up was searched for as; on a terminal that is always said.",
)
@click.option("--private", "is_private", is_flag=True, help="Keep nothing of this question.")
@options.json_option("one object")
def ask(
    question: tuple[str, ...],
    *,
    passages: int | None,
    filters: Filters,
    model: str | None,
    thinking: str | None,
    conversation: int | None,
    fresh: bool,
    no_model: bool,
    deep: bool,
    strict: bool,
    anything: bool,
    show_thinking: bool,
    is_continued: bool,
    is_private: bool,
    show_rewrite: bool,
    as_json: bool,
) -> Exit:
    """Answer QUESTION from your files, with the places that say so.

    Without QUESTION it is read from standard input. With QUESTION, piped text
    is read along with it:

    \b
        cat mail.txt | kb ask "what do they want?"

    Without a model the answer is made of your files' own sentences. What is
    searched can be said in QUESTION too:

    \b
        kb ask "what is the rent? in:home since:2026-01 type:pdf tag:flat exclude:drafts"

    Questions and
    answers are kept (`kb history`): each one begins a conversation, `-c` goes on
    with the last, so that a follow-up may lean on what was said:

    \b
        kb ask -c "and in Berlin?"
    """  # noqa: D301 - click reads the control character
    if model is not None and no_model:
        raise UsageError("--model and --no-model exclude each other")
    if model is not None and not model.strip():
        raise UsageError("--model needs the name or the path of a GGUF", hint="`kb models` lists them")
    places = Places.discover()
    settings = load_settings(places.config_file, Settings)
    text, extra = options.question_and_extra(question)
    talk = open_talk(
        places,
        settings.history,
        is_continued=is_continued,
        conversation=conversation,
        is_private=is_private,
    )
    asked = talk.question(
        Question(
            text=text,
            extra=extra,
            filters=filters,
            is_deep=deep,
            is_strict=strict,
            allows_own_knowledge=anything,
        )
    )
    given = {"passages": passages, "thinking": thinking}
    answer_settings = settings.answer.model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    with StatusLine() as line:
        line.show("searching…")
        client = connect(places)
        if fresh:
            freshness.wait_until_fresh(client, filtering.paths_of(filters), line)
        has_model = not no_model and (model is not None or generators.has_generator(settings))
        generator = (
            generators.open_generator(
                places,
                settings,
                model=model,
                is_private=is_private or not settings.history.keep,
                say=line.show,
            )
            if has_model
            else None
        )
        line.show("searching…")
        events = answer(asked, searcher=client, generator=generator, settings=answer_settings)
        drawing = Drawing(
            client, line, is_text=not as_json, shows_thinking=show_thinking, shows_rewriting=show_rewrite
        )
        finished = drawing.run(events)
    talking.keep(talk, asked, finished)
    if as_json:
        output.write_json({**finished.to_json(), "conversation": talk.conversation})
    if finished.answered:
        if not (has_model or no_model):
            diagnostics.notice(
                "no model is set, so the answer is in your files' own words",
                hint="`kb models` lists those on this machine, `kb models use NAME` takes one of them",
            )
        return Exit.ANSWERED
    if not finished.passages and not client.roots():
        search.say_nothing_found(has_roots=False)
    elif not as_json:
        say_not_found(finished)
    return Exit.NOTHING_FOUND
