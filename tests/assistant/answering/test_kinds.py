"""Which questions are about one file or about the library."""

import pytest

from assistant.answering.kinds import AboutFile, AboutLibrary, Wish, kind_of


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("summarise notes/plan.md", ("notes/plan.md",)),
        ("Summarize plan.md, please.", ("plan.md",)),
        ("please summarise ~/notes/plan.md in three sentences", ("~/notes/plan.md",)),
        ("could you give me a short summary of My plan.md?", ("My plan.md", "plan.md")),
        ("summary of “Quarterly review”", ("Quarterly review",)),
        ("tl;dr of meeting.md", ("meeting.md",)),
        ("tldr meeting.md", ("meeting.md",)),
        ("TL;DR: meeting.md", ("meeting.md",)),
        (
            "sum up the file work/harbour-museum.md",
            ("the file work/harbour-museum.md", "work/harbour-museum.md"),
        ),
        ("What are the key points of report.pdf?", ("report.pdf",)),
        ("main takeaways from report.pdf", ("report.pdf",)),
        ("what is cabin.md about?", ("cabin.md",)),
        ("What's in lease.md?", ("lease.md",)),
        ("what does lease.md say?", ("lease.md",)),
        ("fasse plan.md zusammen", ("plan.md",)),
        ("Zusammenfassung von plan.md", ("plan.md",)),
        ("résumé de plan.md", ("plan.md",)),
        ("resumen de plan.md", ("plan.md",)),
    ],
)
def test_a_file_is_to_be_summarised(question: str, names: tuple[str, ...]) -> None:
    """Its name is the one that has the ending of a file, or stands in quotes."""
    kind = kind_of(question)
    assert isinstance(kind, AboutFile)
    assert (kind.is_summary, kind.is_named) == (True, True)
    assert kind.names[0] == names[0]
    assert kind.names[-1] == names[-1]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("summarise the meeting notes", ("the meeting notes", "meeting")),
        ("give me a summary of my cabin note", ("my cabin note", "cabin")),
        ("what is harbour-museum about?", ("harbour-museum",)),
        ("summarise the battle of Hastings", ("the battle of Hastings", "battle of Hastings")),
    ],
)
def test_what_may_be_a_file_is_looked_up(question: str, names: tuple[str, ...]) -> None:
    """A name without an ending counts only if the index knows it, with and without what stands around it."""
    assert kind_of(question) == AboutFile(names=names, called=names[-1])


@pytest.mark.parametrize(
    "question",
    [
        "summarise",
        "Summarize this.",
        "tl;dr",
        "give me a summary",
        "what is this about?",
        "summarise it briefly",
    ],
)
def test_a_summary_may_be_of_what_is_at_hand(question: str) -> None:
    """The file is then known from elsewhere."""
    assert kind_of(question) == AboutFile()


@pytest.mark.parametrize(
    ("question", "name", "topic"),
    [
        ("what does contract.pdf say about notice periods?", "contract.pdf", "notice periods"),
        ("What do notes/plan.md say on the budget", "notes/plan.md", "the budget"),
        ("according to lease.md, when is the rent due?", "lease.md", "when is the rent due?"),
        ("when is the rent due according to lease.md?", "lease.md", "when is the rent due?"),
        ("Who signed, as per the file “contract.pdf”?", "contract.pdf", "Who signed?"),
        ("which port is set in config.toml?", "config.toml", "which port is set?"),
        ("plan.md: what are the deadlines?", "plan.md", "what are the deadlines?"),
        ("Does contract.pdf mention a deposit?", "contract.pdf", "mention a deposit?"),
    ],
)
def test_a_question_of_one_file(question: str, name: str, topic: str) -> None:
    """The file is named, and what is asked of it is the rest."""
    assert kind_of(question) == AboutFile(names=(name,), called=name, topic=topic, is_named=True)


def test_a_file_may_be_meant_by_a_bare_name() -> None:
    """Whether there is one is for the index to say."""
    assert kind_of("what does the contract say about rent?") == AboutFile(
        names=("the contract", "contract"), called="contract", topic="rent"
    )


@pytest.mark.parametrize(
    ("question", "wish", "topic"),
    [
        ("what did I write about sourdough?", "overview", "sourdough"),
        ("What have I written on moths?", "overview", "moths"),
        ("what do my notes say about the garden?", "overview", "the garden"),
        ("what do I know about Lisbon?", "overview", "Lisbon"),
        ("everything I wrote about moths", "overview", "moths"),
        ("tell me everything I have about the cabin", "overview", "the cabin"),
        ("summarise my notes about moths", "overview", "moths"),
        ("list all deadlines in my notes", "overview", "deadlines"),
        ("list all notes about lisbon", "list", "lisbon"),
        ("List my notes on bread, please", "list", "bread"),
        ("show me all emails from Oskar", "list", "Oskar"),
        ("find all documents that mention the harbour", "list", "the harbour"),
        ("which notes are about bread?", "list", "bread"),
        ("What papers are there dealing with buckling?", "list", "buckling"),
        ("which of my documents deal with insurance?", "list", "insurance"),
        ("In which notes did I mention Berg?", "list", "Berg"),
        ("how many notes are about bread?", "count", "bread"),
        ("how many notes do I have about bread", "count", "bread"),
    ],
)
def test_a_question_of_the_library(question: str, wish: Wish, topic: str) -> None:
    """What is wished for and of what."""
    assert kind_of(question) == AboutLibrary(topic=topic, wish=wish)


@pytest.mark.parametrize(
    ("question", "wish", "topic", "said"),
    [
        ("what did I write about sourdough this year?", "overview", "sourdough", "this year"),
        ("what did we note down about the move last week", "overview", "the move", "last week"),
        ("Summarise what I wrote about bread in 2025.", "overview", "bread", "in 2025"),
        (
            "what did I write about the harbour museum since March 2025?",
            "overview",
            "the harbour museum",
            "since March 2025",
        ),
        (
            "what did I write about bread during the last 3 weeks",
            "overview",
            "bread",
            "during the last 3 weeks",
        ),
        ("how many invoices from 2026 do I have?", "count", "invoices", "from 2026"),
        ("how many invoices from 2026", "count", "invoices", "from 2026"),
        ("How many parking tickets from last year did I get?", "count", "parking tickets", "from last year"),
        ("how many notes from last week do I have", "count", "notes", "from last week"),
        ("list all notes about bread from May", "list", "bread", "from May"),
        ("what did I write about 2025?", "overview", "2025", ""),
        ("list all notes about May", "list", "May", ""),
    ],
)
def test_when_the_files_are_from_is_no_part_of_what_they_speak_of(
    question: str, wish: Wish, topic: str, said: str
) -> None:
    """It is kept as it was said, for the search to understand."""
    assert kind_of(question) == AboutLibrary(topic=topic, wish=wish, time=said)


@pytest.mark.parametrize(
    ("question", "wish"),
    [
        ("which files mention Ada Lindqvist", "list"),
        ("Which of my notes contain the word heron?", "list"),
        ("list files containing TODO", "list"),
        ("how many files mention heron", "count"),
    ],
)
def test_a_mention_is_of_the_words_themselves(question: str, wish: Wish) -> None:
    """Who asks where something is mentioned does not mean what is like it."""
    kind = kind_of(question)
    assert isinstance(kind, AboutLibrary)
    assert (kind.wish, kind.is_mention) == (wish, True)


@pytest.mark.parametrize(
    "question",
    [
        "When is the rent due?",
        "What is the wifi password of the cabin?",
        "what did Darwin write about moths?",
        "How many letters did Paul write?",
        "how many people died in 1918?",
        "How many bills were passed in 2019?",
        "How many times have I been to Lisbon?",
        "how many days in 2026 have I worked",
        "Which documents do I need for a visa?",
        "which files are changed by git add?",
        "What files does git ignore?",
        "How do I list all files that contain a word in bash?",
        "list the steps to bake bread",
        "List the planets.",
        "What pages are indexed by search engines?",
        "which articles of the constitution protect speech?",
        "what reports were published by the WHO in 2020?",
        "Can you explain plan.md files to me?",
        "what happened in 2026?",
        "What is the difference between a note and a file?",
        "tell me about summaries",
        "Why did he write about moths?",
        "I wrote about moths. What do they eat?",
        "",
        "x" * 1000,
        "summarise " + "the history of the world " * 20,
    ],
)
def test_any_other_question_is_neither(question: str) -> None:
    """What is asked of the world goes the ordinary way, whatever words it holds."""
    assert kind_of(question) is None
