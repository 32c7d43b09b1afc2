"""`kb engine serve`: answers from the user's files for other programs on this machine."""

import sys

import click

from assistant import generators
from assistant.cli import diagnostics, options, output
from assistant.cli.diagnostics import Interrupted
from assistant.cli.group import Command


@click.command(cls=Command)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8765,
    show_default=True,
    help="Port of 127.0.0.1 to listen on; 0 for any that is free.",
)
@options.json_option("one object with the address and the file of the token")
def serve(port: int, *, as_json: bool) -> None:
    """Let other programs ask your files, in the dialect of OpenAI's chat completions.

    It runs until Ctrl-C, on this machine only, and whoever asks needs the bearer token.
    """
    # deferred: the web server takes 0.2 s to import, and nothing else of kb needs it.
    from assistant.config import Settings
    from assistant.serving import TOKEN_FILE, Limits, Server, listening, make_app, open_token
    from indexer import logs
    from indexer.client import connect
    from indexer.config import load_settings
    from indexer.paths import Places

    places = Places.discover()
    settings = load_settings(places.config_file, Settings)
    connect(places)
    token = open_token(places)
    limits = Limits()
    with listening(port) as listener:
        port = listener.getsockname()[1]
        app = make_app(
            open_searcher=lambda: connect(places),
            open_writer=lambda: (
                generators.open_generator(places, settings) if generators.has_generator(settings) else None
            ),
            settings=settings.answer,
            token=token,
            port=port,
            limits=limits,
        )
        url = f"http://127.0.0.1:{port}/v1"
        if as_json:
            output.write_json({"url": url, "token_file": str(places.home / TOKEN_FILE)})
        else:
            output.write_line(f"your files answer at {url}, model kb; Ctrl-C ends it")
            is_shown = diagnostics.is_terminal(sys.stdout.fileno())
            output.write_line(
                f"token: {token}" if is_shown else f"its token is in {places.home / TOKEN_FILE}"
            )
        output.flush()
        logs.set_up(places.log_dir / "serve.log")
        Server(app, limits).run_on(listener)
    raise Interrupted("no longer serving")
