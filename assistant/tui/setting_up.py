"""What leads to answers: a folder that is indexed, and a model that is taken; for every screen."""

from pathlib import Path
from typing import TYPE_CHECKING

from assistant.terminal import plain, plain_line
from assistant.tui.folders import shown, suggestions
from assistant.tui.threads import in_thread
from indexer.errors import KbError

if TYPE_CHECKING:
    from assistant.engine.models import ModelFile
    from assistant.tui.screens.base import ModeScreen

# deferred, in every function: nothing of it is needed before somebody asks for it.


async def add_folder(screen: "ModeScreen") -> Path | None:
    """Have a folder indexed that the person picks; runs in a worker.

    Returns:
        The folder; `None` if none was picked, or it cannot be indexed, which is said.
    """
    from assistant.tui.widgets.folder_picker import PickFolder

    home = Path.home()
    roots = [Path(root["path"]) for root in screen.kb.index_state.said.get("roots", [])]
    picker = PickFolder(suggest=lambda: suggestions(home, indexed=roots), indexed=roots)
    folder = await screen.app.push_screen_wait(picker)
    if folder is None:
        return None
    notice = await screen.ask_index(lambda client: client.add_root(folder))
    if notice is None:
        return None
    screen.kb.look_now()
    said = notice or f"{shown(folder, home=home)} is being indexed"
    screen.app.notify(plain_line(said))
    return folder


async def pick_model(screen: "ModeScreen") -> None:
    """Have questions answered by a model of this machine that the person picks; runs in a worker.

    Where there is none, the screen of the models says how to get one.
    """
    from assistant.tui.widgets.dialogs import Choose

    try:
        found = await in_thread(screen.backend.chat_models)
    except KbError as error:
        screen.kb.report(error)
        return
    if not found:
        screen.app.switch_mode("models")
        return
    place = await screen.app.push_screen_wait(Choose("Answer with", [line for line, _ in found]))
    if place is not None:
        await use_model(screen, found[place][1])


async def use_model(screen: "ModeScreen", file: "ModelFile") -> bool:
    """Have questions answered by a model from now on, and load it at once; runs in a worker.

    Returns:
        Whether it was taken; why it was not is said.
    """
    try:
        choice = await in_thread(screen.backend.use_model, file)
    except KbError as error:
        screen.kb.report(error)
        return False
    remarks = "".join(f"\n{remark.said}" for remark in choice.remarks)
    said = f"questions are answered by {choice.entry.name} from now on{remarks}"
    screen.app.notify(plain(said), severity="warning" if remarks else "information")
    load_model(screen)
    return True


def load_model(screen: "ModeScreen") -> None:
    """Have whoever answers get ready, in a worker of its own; why that fails is said."""

    async def load() -> None:
        screen.kb.look_now()
        try:
            await in_thread(screen.backend.load_model)
        except KbError as error:
            screen.kb.report(error)
        screen.kb.look_now()

    screen.run_worker(load(), group="load", exclusive=True, exit_on_error=False)
