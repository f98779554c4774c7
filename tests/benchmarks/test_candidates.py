"""Every method that ships is measured, those with a required field at each value that there is."""

import typing

import pytest
from ruamel.yaml import YAML

from audit.methods.method import method_value
from audit.registry import find, places
from benchmarks.candidates import COSTLY, FEWER, FEWEST, LIBRARIES, MOST, SLOW, candidates, explained

CANDIDATES = candidates()


def test_every_registered_method_is_among_them():
    assert {name.partition(":")[0] for name in CANDIDATES} == set(places("methods"))
    assert {type(each) for each in CANDIDATES.values()} == {find("methods", name) for name in places("methods")}


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_method_of_a_library_is_among_them(library):
    own = find("methods", library)
    offered = typing.get_args(typing.get_type_hints(own)["method"])
    assert sorted(each.method for each in CANDIDATES.values() if type(each) is own) == sorted(offered)


def test_each_name_is_a_line_of_a_spec_that_declares_its_method():
    for name, method in CANDIDATES.items():
        assert method_value(YAML(typ="safe").load(name)) == method


def test_fewer_inputs_are_explained_where_maps_are_costly():
    assert set(SLOW) <= set(CANDIDATES)
    inputs = {name: explained(name, method) for name, method in CANDIDATES.items()}
    assert {name for name, count in inputs.items() if count == FEWEST} == set(SLOW)
    for name, method in CANDIDATES.items():
        assert method.evaluations < COSTLY or inputs[name] == FEWER
    assert inputs["gradient"] == MOST and inputs["tf_explain: {method: vanilla_gradients}"] == FEWER
