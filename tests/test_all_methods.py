"""The spec of all methods names them all."""

import re
from pathlib import Path
from typing import get_args

from audit.methods.deep_lift import DeepLift
from audit.methods.lrp import Composite, Lrp
from audit.registry import places
from audit.spec.entries import CONTROL_METHODS
from audit.spec.spec import load_spec

SPEC = Path(__file__).parents[1] / "specs" / "all_methods.yaml"
NOT_HERE = {"tf_explain", "tf_keras_vis", "python"}
"""Methods that need another package or a user's code: the spec lists them as comments."""


def test_every_registered_method_is_listed_or_said_to_be_missing() -> None:
    spec = load_spec(SPEC)
    assert {entry.name for entry in spec.methods} == set(places("methods")) - NOT_HERE - set(CONTROL_METHODS)
    assert set(re.findall(r"^  # - (\w+):", SPEC.read_text("utf-8"), re.MULTILINE)) == NOT_HERE
    assert spec.inapplicable == "skip"


def test_every_composite_and_both_rules_are_listed() -> None:
    methods = [entry.method for entry in load_spec(SPEC).methods]
    assert sorted(each.composite for each in methods if isinstance(each, Lrp)) == sorted(get_args(Composite))
    assert {each.activations for each in methods if isinstance(each, DeepLift)} == {"rescale", "reveal_cancel"}
