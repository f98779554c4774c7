"""examples/report is what the code makes of its results.json today; its numbers are not measured again."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from audit.record import Context
from audit.report.page.page import page
from audit.report.render import Material, render
from audit.spec.spec import load_spec
from audit.spec.yaml_nodes import read
from audit.store.results import read_results

LARGEST = 2 * 2**20  # bytes: it is kept with the code
TEXTS = {
    "card": "model_card.md",
    "junit": "junit.xml",
    "metrics": "metrics.csv",
    "sarif": "results.sarif",
    "statement": "test-result.intoto.json",
    "summary": "summary.md",
}
REPORTS = {*TEXTS.values(), "results.json", "report.html", "report.pdf"}


@pytest.fixture
def example(repository: Path) -> Path:
    return repository / "examples" / "report"


def without_pictures(html: str) -> Mapping[str, str]:
    """Return the parts of a page by their titles, without those that show maps or the log: these need the run."""
    parts = re.split(r'(?=<(?:section class="sheet|header class="cover|nav class="contents))', html)
    named = {(re.search(r'aria-label(?:ledby)?="([^"]+)"', part) or [part[:40]] * 2)[1]: part for part in parts}
    return {name: part for name, part in named.items() if name not in ("gallery", "agreement", "log")}


def test_the_files_for_machines_are_made_of_the_results(example: Path, repository: Path, tmp_path: Path) -> None:
    spec = load_spec(repository / "specs" / "digits.yaml")
    context = Context(file="specs/digits.yaml", lines=spec.lines())
    render(Material(audit=read_results(example).audit, context=context), tmp_path, tuple(TEXTS))
    stale = [name for name in TEXTS.values() if (tmp_path / name).read_bytes() != (example / name).read_bytes()]
    assert stale == [], "make report-example"


def test_the_page_is_made_of_the_results(example: Path) -> None:
    stored = without_pictures((example / "report.html").read_text("utf-8"))
    drawn = without_pictures(page(read_results(example).audit))
    assert len(drawn) > 10
    assert list(stored) == list(drawn)
    assert [name for name in drawn if stored[name] != drawn[name]] == [], "make report-example"


def test_the_results_are_those_of_the_spec(example: Path, repository: Path) -> None:
    audit = read_results(example).audit
    assert audit.provenance.spec_digest == load_spec(repository / "specs" / "digits.yaml").digest
    assert audit.valid and audit.exit_code == 1


def test_the_example_is_small(example: Path) -> None:
    files = [path for path in example.rglob("*") if path.is_file()]
    assert {path.name for path in files} <= REPORTS
    assert sum(path.stat().st_size for path in files) < LARGEST


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_the_workflows_use_files_that_a_run_leaves(repository: Path, name: str) -> None:
    text = (repository / "examples" / "ci" / name).read_text("utf-8")
    root, faults = read(text)
    assert root is not None and faults == []
    used = set(re.findall(r"runs/audit/([\w.-]+)", text))
    assert "junit.xml" in used and used <= REPORTS
