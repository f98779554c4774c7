"""The top of a family's folder shows the family: what a spec can name, and the protocol that its members keep."""

from pathlib import Path

import pytest

from audit.registry import Family, places
from tests.modules import ROOT

# What stands beside the members: the protocols, and the steps that a spec names under `dataset: preprocess:`.
BESIDE: dict[Family, set[str]] = {
    "methods": {"method", "fitted"},
    "checks": {"check"},
    "similarities": {"similarity"},
    "datasets": {"dataset", "preprocess"},
}


def top(folder: Path) -> set[str]:
    """Return the names of the modules that stand in a folder itself."""
    return {path.stem for path in folder.glob("*.py")} - {"__init__"}


@pytest.mark.parametrize("family", BESIDE)
def test_the_top_of_a_family_is_what_a_spec_can_name_and_its_protocol(family: Family) -> None:
    members = {
        place.partition(":")[0].rpartition(".")[2] for place in places(family).values() if place.startswith("audit.")
    }
    assert members == {name for name, place in places(family).items() if place.startswith("audit.")}
    assert top(ROOT / "audit" / family) == members | BESIDE[family]


def test_a_helper_beside_the_members_would_be_seen(tmp_path: Path) -> None:
    for name in ("__init__.py", "gradient.py", "helper.py"):
        (tmp_path / name).write_text("")
    assert top(tmp_path) == {"gradient", "helper"}
