"""A whole audit judges each method on what it claims, and on everything where the spec says so."""

from pathlib import Path
from typing import Any

import pytest

from audit.record import Audit
from audit.report.advice import advise
from audit.running import loop
from audit.spec.spec import load_spec
from tests.commands import save_model, write_spec

METHODS = ["gradient", "grad_cam", "integrated_gradients"]
REQUIRE = [
    {"completeness": {"id": "claimed", "steps": [5]}},
    {"completeness": {"id": "asked", "steps": [5], "required_of": "all"}},
]


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp("claims")
    save_model(folder)
    return folder


def audited(folder: Path, require: list[Any], methods: list[str]) -> Audit:
    model = {"path": "small.keras", "accuracy": "any"}
    path = write_spec(folder, model=model, methods=methods, require=require, report={"formats": []})
    return loop.run(load_spec(path), out=folder / "run").audit


def test_completeness_is_asked_of_those_that_claim_it_and_of_all_where_the_spec_says_so(folder: Path) -> None:
    found = audited(folder, REQUIRE, METHODS)
    outcomes = {(each.requirement, each.method): each.outcome for each in found.verdicts}
    assert {method: outcomes["claimed", method] for method in METHODS} == {
        "gradient": "skipped",
        "grad_cam": "skipped",
        "integrated_gradients": "pass",
    }
    assert [outcomes["asked", method] for method in METHODS] == ["fail", "fail", "pass"]
    reasons = {each.reason for each in found.verdicts if each.outcome == "skipped"}
    assert any("`grad_cam` does not claim completeness" in each for each in reasons)
    assert {(each.requirement, each.behaves, each.verdict.outcome) for each in found.controls} == {
        (name, True, "fail") for name in ("claimed", "asked")
    }


def test_the_advice_and_the_exit_code_follow(folder: Path) -> None:
    found = audited(folder, REQUIRE[:1], METHODS[:2])
    assert (found.outcome, found.exit_code) == ("nothing", 5)
    assert "no method was tested for claimed" in found.sentence
    assert all(not each.causes for each in advise(found))
    partly = audited(folder, REQUIRE[:1], METHODS)
    assert partly.exit_code == 0 and {each.method.id: each.use for each in advise(partly)}["integrated_gradients"] == (
        "usable"
    )
