"""The fragment of a model card: metadata that are YAML, and a section that promises nothing."""

import json

import pytest
from ruamel.yaml import YAML

from audit.record import Audit
from audit.report.formats.model_card import card
from audit.report.words import counts
from tests.report import examples


def metadata(audit: Audit) -> dict[str, object]:
    block = card(audit).split("```yaml\n")[1].split("\n```")[0]
    return YAML(typ="safe").load(block)


def test_the_metadata_are_yaml_with_the_counts_of_the_verdicts() -> None:
    audit = examples.audit()
    found = metadata(audit)
    assert found["library_name"] == "keras" and found["tags"] == ["saliency-audit"]
    index = json.loads(json.dumps(found["model-index"]))
    metrics = {each.get("name", each["type"]): each["value"] for each in index[0]["results"][0]["metrics"]}
    assert metrics["verdicts failed"] == counts(audit)["fail"]
    assert ("accuracy" in metrics) == (audit.facts.data.accuracy is not None)


@pytest.mark.parametrize("make", [examples.audit, examples.invalid, examples.passing, examples.nothing])
def test_the_section_says_how_the_audit_ended_and_that_a_pass_is_not_enough(make: type[Audit]) -> None:
    audit = make()
    text = card(audit)
    assert text.count("## Explanations") == 1 and "necessary, not sufficient" in text
    assert audit.facts.network.digest in text and audit.provenance.spec_digest in text
