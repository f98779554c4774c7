"""What each method claims: said by each class itself, from its paper or its definition, and kept by wrappers."""

from typing import Any

import pytest

from audit.methods.method import method_value
from audit.record import CLAIMS
from audit.registry import find, places

DERIVATIVE = {"sensitivity_b", "linearity", "symmetry"}
PATH = {"completeness", "sensitivity_a", "sensitivity_b", "linearity"}
LOCAL = {"multiply_by_input": False}


@pytest.mark.parametrize("name", places("methods"))
def test_each_shipped_method_says_itself_what_it_claims(name: str) -> None:
    assert "claims" in vars(find("methods", name))


@pytest.mark.parametrize(
    ("value", "claims"),
    [
        ("gradient", DERIVATIVE),
        ("grad_cam", set()),
        ("integrated_gradients", CLAIMS),
        ({"integrated_gradients": LOCAL}, DERIVATIVE),
        ("guided_integrated_gradients", CLAIMS - {"linearity"}),
        ({"guided_integrated_gradients": LOCAL}, {"sensitivity_b", "symmetry"}),
        ("blur_integrated_gradients", PATH),
        ({"blur_integrated_gradients": LOCAL}, {"sensitivity_b", "linearity"}),
        ("expected_gradients", PATH),
        ("smoothgrad", {"sensitivity_b", "linearity"}),
        ({"smoothgrad": {"base": "integrated_gradients"}}, {"sensitivity_b", "linearity"}),
        ({"smoothgrad": {"base": "grad_cam"}}, set()),
        ({"smoothgrad": {"base": {"smoothgrad": {"base": "guided_backprop"}}}}, {"sensitivity_b"}),
        ("smoothgrad_squared", {"sensitivity_b"}),
        ({"vargrad": {"base": "grad_cam"}}, set()),
        ({"lrp": {"composite": "epsilon"}}, {"completeness", "sensitivity_b"}),
        ({"lrp": {"composite": "epsilon_plus_flat"}}, set()),
        ("kernel_shap", {"completeness", "sensitivity_a", "linearity"}),
        ({"kernel_shap": {"units": "features"}}, CLAIMS),
        ("occlusion", set()),
        ({"occlusion": {"output": "logit"}}, {"linearity"}),
        ({"tf_explain": {"method": "integrated_gradients"}}, CLAIMS),
        ({"tf_explain": {"method": "grad_cam"}}, set()),
        ({"tf_keras_vis": {"method": "saliency"}}, DERIVATIVE),
        ({"python": {"function": "a:b"}}, CLAIMS),
        ({"python": {"function": "a:b", "claims": ["linearity"]}}, {"linearity"}),
        ("canny", CLAIMS),
    ],
)
def test_claims_follow_from_the_paper_or_the_definition(value: Any, claims: set[str]) -> None:
    assert method_value(value).claims == claims


def test_an_axiom_that_does_not_exist_cannot_be_claimed() -> None:
    with pytest.raises(ValueError, match="claims"):
        method_value({"python": {"function": "a:b", "claims": ["beauty"]}})
