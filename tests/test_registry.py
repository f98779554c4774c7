"""Every registered name is the file that it lives in, can be imported, and cannot be taken by a plug-in."""

import json
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from audit import plugins, registry
from audit.registry import Family, find, places

FAMILIES: tuple[Family, ...] = ("methods", "checks", "similarities", "datasets")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_name_is_that_of_its_file_and_each_can_be_found(family: Family) -> None:
    for name, place in places(family).items():
        module, _, attribute = place.partition(":")
        if module.startswith("audit."):
            assert module == f"audit.{family}.{name}"
        assert find(family, name).__name__ == attribute


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        find("methods", "no_such_method")


def test_a_plug_in_adds_names_and_replaces_none(monkeypatch: pytest.MonkeyPatch) -> None:
    added = [EntryPoint(name=name, value="json:dumps", group="audit.methods") for name in ("mine", "gradient")]

    def points(**selection: Any) -> list[EntryPoint]:
        return added if selection == {"group": "audit.methods"} else []

    monkeypatch.setattr(plugins, "entry_points", points)
    plugins.installed.cache_clear()
    try:
        assert places("methods")["mine"] == "json:dumps"
        assert places("methods")["gradient"] == "audit.methods.gradient:Gradient"
    finally:
        plugins.installed.cache_clear()


def test_a_class_is_found_where_imported_plug_ins_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "mine": "json.encoder:JSONEncoder",
        "other": "json:JSONEncoder [extra]",
        "missing": "no_such_module:JSONEncoder",
    }
    added = [EntryPoint(name=name, value=value, group="audit.checks") for name, value in values.items()]
    monkeypatch.setattr(plugins, "installed", plugins.installed.__wrapped__)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [each for each in added if each.group == group])
    assert set(registry.named_at(json.JSONEncoder)) == {"json.encoder:JSONEncoder", "json:JSONEncoder"}
    assert registry.named_at(json.JSONDecoder) == ()
