"""Makes `docs/app.svg`, the picture of the app in the README: the example vault, asked twice.

python examples/screenshot.py [FILE]
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from assistant.engine.client import EngineClient
from assistant.tui.app import KbApp
from assistant.tui.backend import Backend
from assistant.tui.screens.ask import AskScreen
from indexer.client import IndexerClient, connect
from indexer.paths import Places

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "tests" / "models" / "tiny_reader" / "tiny_reader.gguf"
QUESTIONS = ("What is the serial number of the boiler?", "What is the wifi password of the cabin?")
SIZE = (112, 30)
PATIENCE_S = 120.0


def main() -> None:
    """Ask, and write the picture."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "app.svg"
    base = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    places = Places(config_file=base / "home" / "config.toml", home=base / "home")
    try:
        places.create()
        shutil.copytree(ROOT / "examples" / "vault", base / "notes")
        places.config_file.write_text(
            f"[model]\npath = '{MODEL}'\n[answer]\npassages = 3\ntemperature = 0\n", encoding="utf-8"
        )
        client = connect(places)
        client.add_root(base / "notes")
        for _ in client.fresh():
            pass
        target.write_text(asyncio.run(_picture(places)), encoding="utf-8")
    finally:
        EngineClient(places).stop()
        IndexerClient(places).stop()
        shutil.rmtree(base, ignore_errors=True)
    sys.stdout.write(f"{target}\n")


async def _picture(places: Places) -> str:
    app = KbApp(Backend(places))
    async with app.run_test(size=SIZE) as pilot, asyncio.timeout(PATIENCE_S):
        screen = app.screen
        assert isinstance(screen, AskScreen)
        for number, question in enumerate(QUESTIONS, start=1):
            await app.ask(question)
            while len(screen.conversation.views) < number or screen.conversation.is_busy:
                await asyncio.sleep(0.05)
        while app.engine_state.kind != "ready":
            await asyncio.sleep(0.05)
        await pilot.pause()
        return app.export_screenshot(title="kb", simplify=True)


if __name__ == "__main__":
    main()
