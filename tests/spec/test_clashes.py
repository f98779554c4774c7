"""A built-in name that a package has too is a fault where a spec says it, and nowhere else."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from audit import plugins
from audit.errors import SpecError
from audit.spec.spec import load_spec, spec_from_resolved
from tests.commands import write_spec

TAKEN = {
    "audit.methods": "gradient",
    "audit.checks": "repeatability",
    "audit.similarities": "ssim",
    "audit.datasets": "npz",
}


@pytest.fixture(autouse=True)
def taken(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A package that has one name of each family."""

    def points(group: str) -> list[EntryPoint]:
        return [EntryPoint(name=TAKEN[group], value="elsewhere:Theirs", group=group)]

    monkeypatch.setattr(plugins, "entry_points", points)
    plugins.installed.cache_clear()
    yield
    monkeypatch.undo()
    plugins.installed.cache_clear()


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"methods": ["gradient", "lrp"]}, ["gradient"]),
        ({"methods": [{"smoothgrad": {"base": {"vargrad": {"base": "gradient"}}}}]}, ["gradient"]),
        ({"require": ["repeatability"]}, ["repeatability"]),
        ({"require": [{"repeatability": {"similarity": {"ssim": {"window": 5}}}}]}, ["repeatability", "ssim"]),
        ({"require": [{"cascading_randomization": {"similarity": "ssim"}}]}, ["ssim"]),
        ({"dataset": {"source": "npz", "path": "x.npz", "inputs": 4}}, ["npz"]),
    ],
)
def test_each_name_that_is_said_is_one_fault(changes: dict[str, Any], names: list[str], tmp_path: Path) -> None:
    quiet = {"methods": ["lrp"], "require": ["cascading_randomization"]}
    with pytest.raises(SpecError) as caught:
        load_spec(write_spec(tmp_path, **{**quiet, **changes}))
    assert [each.code for each in caught.value.faults] == ["S082"] * len(names)
    for name, fault in zip(names, caught.value.faults, strict=True):
        assert f"`{name}`" in fault.what and "saliency-audit" in fault.what and fault.line > 1


def test_what_was_resolved_is_read_back_whoever_has_its_names_by_now(tmp_path: Path) -> None:
    spec = load_spec(write_spec(tmp_path, methods=["smoothgrad"], require=["cascading_randomization"]))
    resolved = spec.resolved()
    assert next(iter(resolved["methods"][0]["smoothgrad"]["base"])) == "gradient"
    assert spec_from_resolved(resolved).resolved() == resolved
