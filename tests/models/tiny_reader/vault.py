"""Questions by hand about the notes in `examples/vault`, which the training never saw."""

import random
import re
from pathlib import Path

from indexer.types import Locator, Passage

VAULT = Path(__file__).parents[3] / "examples" / "vault"

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("What is the wifi password of the cabin?", "home/cabin.md", "heron-lake-42"),
    ("Who is the landlord of the cabin?", "home/cabin.md", "Karin Weber"),
    ("What is the phone number of Karin Weber?", "home/cabin.md", "0170 552 9914"),
    ("How much is the rent of the cabin?", "home/cabin.md", "640 euros a month"),
    ("Where is the spare key?", "home/cabin.md", "under the blue flower pot"),
    ("What is the serial number of the boiler?", "home/boiler.md", "KX-20418"),
    ("When is the next service of the boiler?", "home/boiler.md", "on 14 October"),
    ("What is the boiler's water pressure?", "home/boiler.md", "2 bar"),
    ("What is the door code of the shed?", "home/garden.md", "7315"),
    ("Where is the long ladder?", "home/garden.md", "behind the greenhouse"),
    ("What is the colour of the garden gate?", "home/garden.md", "dark green"),
    ("What is the licence plate of the car?", "home/car.md", "UPL 482"),
    ("Who is the mechanic for the car?", "home/car.md", "Emil Haddad"),
    ("When is the deadline of the harbour museum project?", "work/harbour-museum.md", "30 June"),
    ("What is the budget of the harbour museum project?", "work/harbour-museum.md", "84000 euros"),
    ("What is Astrid Berg's email address?", "work/harbour-museum.md", "astrid@havnemuseet.example"),
    ("What is the height of the lighthouse room?", "work/meetings/2026-03-12.md", "4 metres"),
    ("Who is the light planner?", "work/meetings/2026-03-12.md", "Theo Okafor"),
    ("When is the next meeting with Astrid?", "work/meetings/2026-03-12.md", "on 26 March at 9:30"),
    ("What is the wifi password of the office?", "work/office.md", "paper-crane-7"),
    ("What is the office's alarm code?", "work/office.md", "9046"),
    ("Where is the printer?", "work/office.md", "in the hall next to the window"),
    ("When is the birthday of Mona?", "people/family.md", "8 April"),
    ("When is Lars's birthday?", "people/family.md", "21 November"),
    ("What is Mona's favourite tea?", "people/family.md", "lemon verbena"),
    ("Who is the dentist?", "people/dentist.md", "Nora Silva"),
    ("When is the next checkup?", "people/dentist.md", "on 19 May at 8:15"),
    ("What is the booking number of the flight?", "travel/lisbon.md", "LX-7214"),
    ("What is the address of the hotel?", "travel/lisbon.md", "Rua das Flores 112"),
    ("What is the platform of the night train?", "travel/night-train.md", "12"),
    ("What is the oven temperature of the buns?", "recipes/cardamom-buns.md", "225 degrees"),
    ("What is the secret ingredient of the buns?", "recipes/cardamom-buns.md", "orange zest"),
    ("What is the cooking time of the lentil soup?", "recipes/lentil-soup.md", "35 minutes"),
    ("What is the wifi password of the hotel?", "", ""),
    ("Who is the landlord of the shed?", "", ""),
    ("What is the serial number of the printer?", "", ""),
    ("When is the birthday of Theo?", "", ""),
    ("What is the door code of the cabin?", "", ""),
    ("What is the oven temperature of the lentil soup?", "", ""),
    ("Who is the mechanic for the boiler?", "", ""),
    ("What is the rent of the hotel?", "", ""),
    ("What is the phone number of Astrid Berg?", "", ""),
    ("What is the platform of the flight?", "", ""),
    ("Where is the tent?", "", ""),
    ("What is the budget of the night train?", "", ""),
    ("What is the password of the library?", "", ""),
)
"""(question, note that answers it, value); the last two empty where no note does."""


def read_passage(source: str) -> Passage:
    """Read one note as the index would hold it."""
    path = VAULT / source
    text = path.read_text(encoding="utf-8").strip()
    title = text.splitlines()[0].removeprefix("# ")
    locator = Locator(line_start=1, line_end=len(text.splitlines()), headings=(title,))
    return Passage(
        chunk_id=0, path=path, root=VAULT, title=title, text=text, locator=locator,
        score=1.0, similarity=1.0, lexical=1.0,
    )  # fmt: skip


def draw_passages(question: str, source: str, count: int) -> tuple[Passage, ...]:
    """Choose the note that answers and those that share most words with the question, shuffled."""
    asked = set(re.findall(r"\w+", question.lower()))
    paths = sorted(VAULT.rglob("*.md"), key=lambda p: p.as_posix())

    def likeness(path: Path) -> tuple[bool, int]:
        words = set(re.findall(r"\w+", path.read_text(encoding="utf-8").lower()))
        return path == VAULT / source, len(words & asked)

    best = sorted(paths, key=likeness, reverse=True)[:count]
    random.Random(question).shuffle(best)
    return tuple(read_passage(path.relative_to(VAULT).as_posix()) for path in best)
