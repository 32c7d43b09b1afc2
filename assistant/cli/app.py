"""The table of commands, and what happens around each of them."""

import os
from collections.abc import Sequence

import click

from assistant.cli import diagnostics, output
from assistant.cli.group import Entry, LazyGroup

TABLE = {
    "ask": Entry("assistant.cli.ask:ask", "Answer a question from your files."),
    "history": Entry("assistant.cli.history:history", "Show, search or delete past conversations."),
    "search": Entry("assistant.cli.search:search", "Find passages in your files."),
    "explain": Entry("assistant.cli.explain:explain", "Show what leads to an answer, stage by stage."),
    "add": Entry("assistant.cli.roots:add", "Index a folder and keep it indexed."),
    "remove": Entry("assistant.cli.roots:remove", "Forget a folder; its files stay as they are."),
    "roots": Entry("assistant.cli.roots:roots", "List the indexed folders."),
    "index": Entry("assistant.cli.roots:index", "Look through all folders for changes now."),
    "status": Entry("assistant.cli.status:status", "Say what is indexed and what is going on."),
    "files": Entry("assistant.cli.status:files", "List the files kb knows, and what became of each."),
    "why": Entry("assistant.cli.why:why", "Say why a file is found, or is not."),
    "doctor": Entry("assistant.cli.doctor:doctor", "Look whether everything is as it should be."),
    "eval": Entry("assistant.cli.evaluation:evaluate", "Measure how well your own questions are answered."),
    "config": Entry("assistant.cli.config:config", "Show, check or edit the settings."),
    "models": Entry("assistant.cli.models:models", "Show the language models on this machine."),
    "indexer": Entry("assistant.cli.indexer:indexer", "Control the indexer that runs in the background."),
    "engine": Entry("assistant.cli.engine:engine", "Control the process that holds the language model."),
}


@click.group(
    cls=LazyGroup,
    table=TABLE,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, help="Show the version and exit.")
@click.pass_context
def kb(context: click.Context, *, version: bool) -> None:
    """Ask your own files, on your own machine; without a command, in an app on the terminal."""
    if version:
        # deferred: reading package metadata takes longer than most commands.
        import importlib.metadata

        output.write_line(f"kb {importlib.metadata.version('kb')}")
        context.exit(0)
    if context.invoked_subcommand is None:
        output.write_line(context.get_help())
        context.exit(0)


def _message(error: click.ClickException) -> str:
    """Write what click found in the manner of our own sentences."""
    if isinstance(error, click.NoSuchOption):
        near = f"; did you mean {error.possibilities[0]}?" if error.possibilities else ""
        return f"there is no option {error.option_name}{near}"
    message = error.format_message().rstrip(".")
    return message[:1].lower() + message[1:]


def run_app(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""

    def command() -> int | None:
        if instruction := os.environ.get("_KB_COMPLETE"):
            # deferred: only a shell whose tab key was pressed comes here.
            from assistant.cli.shell import answer_shell

            return answer_shell(kb, instruction)
        try:
            with kb.make_context("kb", list(arguments)) as context:
                result = kb.invoke(context)
        except click.exceptions.Exit as early:
            output.flush()
            return early.exit_code
        except click.Abort:
            raise KeyboardInterrupt from None
        except click.exceptions.NoArgsIsHelpError as error:
            # a group by itself shows what it holds, as `kb` does.
            output.write_line(error.ctx.get_help() if error.ctx else error.message)
            output.flush()
            return diagnostics.Exit.ANSWERED
        except click.ClickException as error:
            path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "kb"
            diagnostics.report(_message(error), hint=f"`{path} --help` explains it")
            return diagnostics.Exit.USAGE
        output.flush()
        return result if isinstance(result, int) else None

    return diagnostics.run(command)
