"""One word per thing: the words that docs/architecture.md retires stand nowhere in code, documents or templates."""

import re
from pathlib import Path

import pytest

PLACES = ("audit", "docs", "templates", "specs", "examples", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")
SUFFIXES = (".py", ".md", ".yaml", ".j2")
MADE_BY_RUNS = Path("examples", "report")
APART = re.compile(r"told apart", re.IGNORECASE)  # to distinguish, which is another thing


def retired(page: str) -> list[str]:
    """Return the words in the last column of the table "One word per thing"."""
    table = page.partition("## One word per thing")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    return [word for row in rows[1:] for word in re.findall(r"`([^`]+)`", row[-1])]


def found(text: str, words: list[str]) -> list[str]:
    """Return the words that stand in a text as whole words, whatever their case and line breaks."""
    plain = " ".join(APART.sub("", text).split())
    return [word for word in words if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", plain, re.IGNORECASE)]


def files(repository: Path) -> list[Path]:
    """Return every text file that is written by hand or made from the code."""
    roots = [repository / place for place in PLACES]
    inside = [path for root in roots for path in (root.rglob("*") if root.is_dir() else [root])]
    return [path for path in inside if path.suffix in SUFFIXES and not _is_made_by_a_run(path, repository)]


def _is_made_by_a_run(path: Path, repository: Path) -> bool:
    return path.is_relative_to(repository / MADE_BY_RUNS)


def test_retired_words_stand_nowhere(repository: Path) -> None:
    page = repository / "docs" / "architecture.md"
    words, texts = retired(page.read_text("utf-8")), files(repository)
    assert len(words) > 15 and len(texts) > 300
    faults = {path: found(_text(path, page), words) for path in texts}
    assert {str(path.relative_to(repository)): each for path, each in faults.items() if each} == {}


def _text(path: Path, page: Path) -> str:
    text = path.read_text("utf-8")
    if path != page:
        return text
    before, _, after = text.partition("## One word per thing")
    return before + after.partition("\n## ")[2]


@pytest.mark.parametrize(
    ("text", "words"),
    [("Mend it.", ["mend"]), ("recommended", []), ("trained\n  anew", ["trained anew"]), ("told apart", []), ("", [])],
)
def test_only_whole_words_are_found(text: str, words: list[str]) -> None:
    assert found(text, ["mend", "trained anew", "told"]) == words
