"""Facts of an audit: what is said of model, data and machine is what they are."""

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from audit.datasets.dataset import Dataset
from audit.errors import InputError
from audit.methods.gradient import Gradient
from audit.methods.lime import Lime
from audit.methods.python import Python
from audit.performance import performance_of
from audit.record import CLAIMS
from audit.running.inputs import chosen_of
from audit.running.observations import data_facts, method_facts, network_facts, provenance_of
from tests import networks

THEIRS = "tests.methods.their_code:same_size"

SPEC: Any = SimpleNamespace(target="predicted", seed=5, digest="d", dataset=SimpleNamespace(inputs=6))


def test_stages_hold_every_parameter_once() -> None:
    network = networks.cnn()
    facts = network_facts(network)
    assert facts.parameters == sum(array.size for array in network.params.values())
    held = [name for stage in facts.stages for name in stage.variables]
    assert len(held) == len(set(held)) and set(held) <= set(network.params)
    assert (facts.classes, facts.input_shape, facts.graph) == (3, (8, 8, 1), True)
    assert network_facts(networks.cnn(seed=1)).digest != facts.digest


def test_the_accuracy_is_that_of_all_inputs_and_unknown_without_labels() -> None:
    logits = np.eye(3, dtype=np.float32)[np.arange(12) % 3]
    x = np.arange(24, dtype=np.float32).reshape(12, 2)
    labels = np.where(np.arange(12) < 3, 2, np.arange(12) % 3).astype(np.int32)
    for y, accuracy in ((labels, 10 / 12), (None, None)):
        data = Dataset(x=x, y=y, ids=np.arange(12).astype(str), class_names=(), name="data")
        facts = data_facts(SPEC, data, chosen_of(SPEC, data, logits), None if y is None else performance_of(logits, y))
        assert (facts.performance.accuracy if facts.performance else None) == accuracy
        assert (
            facts.accuracy == accuracy
            and facts.all_values == (0.0, 23.0)
            and facts.selection.startswith("6 of 12 inputs")
        )


def test_what_a_method_was_fitted_on_is_a_setting_of_it() -> None:
    plain = method_facts("mine", Lime(), control=False)
    fitted = method_facts("mine", Lime(), control=False, fitted_on="5 inputs")
    assert plain.id == "mine" and plain.name == "lime" and "fitted_on" not in plain.settings
    assert fitted.settings == {**plain.settings, "fitted_on": "5 inputs"}


def test_claims_are_facts_and_no_setting_so_that_another_claim_measures_nothing_anew() -> None:
    plain, own = Python(function=THEIRS), Python(function=THEIRS, claims=frozenset({"symmetry", "linearity"}))
    found = [method_facts("mine", each, control=False) for each in (plain, own)]
    assert found[0].settings == found[1].settings and "claims" not in found[0].settings
    assert [each.claims for each in found] == [tuple(sorted(CLAIMS)), ("linearity", "symmetry")]


def test_a_claim_that_no_check_knows_is_refused() -> None:
    class Proud(Gradient):
        """A method that claims too much."""

        claims: ClassVar[Any] = frozenset({"beauty"})

    with pytest.raises(InputError, match="unknown axiom"):
        method_facts("proud", Proud(), control=False)


def test_the_origin_names_versions_and_the_backends_choices() -> None:
    found = provenance_of(SPEC, {"device": "cpu", "precision": "float32"})
    assert (found.device, found.numerics, found.seed) == ("cpu", {"precision": "float32"}, 5)
    assert found.versions["numpy"] == np.__version__ and "Python" in found.platform
