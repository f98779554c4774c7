"""A model has one origin."""

from pathlib import Path

import pytest

from tests.spec.written import MINIMAL, one


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ("{path: a, application: VGG16}", "exactly one of `path`, `application` and `build`"),
        ("{output: logits}", "exactly one of `path`, `application` and `build`"),
        ("{path: a, weights: imagenet}", "`weights` is only valid with `application`"),
        ("{application: VGG16, sha256: " + "a" * 64 + "}", "`sha256` is only valid with `path`"),
    ],
)
def test_a_model_has_one_origin(tmp_path: Path, model: str, what: str) -> None:
    fault = one(tmp_path, MINIMAL.replace("{path: model.keras}", model))
    assert (fault.code, fault.line) == ("S024", 2)
    assert what in fault.what


def test_draws_are_counted_only_where_means_over_draws_are_allowed(tmp_path: Path) -> None:
    fault = one(tmp_path, MINIMAL.replace("{path: model.keras}", "{path: a, draws: 8}"))
    assert "`draws` is only valid with `stochastic: allowed`" in fault.what
