"""What was expected and received is said in our own words."""

from pathlib import Path

import pytest

from tests.spec.written import MINIMAL, one, rejected


@pytest.mark.parametrize(
    ("old", "new", "underlined", "what"),
    [
        ("version: 1", "version: 2", "2", "`version`: expected `1`, received 2"),
        ("version: 1", "version: '1'", "'1'", '`version`: expected `1`, received "1"'),
        ("version: 1", "version: 1\nseed: -1", "-1", "`seed`: expected an integer >= 0 and < 4294967296, received -1"),
        ("version: 1", "version: 1\nseed: true", "true", "received true"),
        ("version: 1", "version: 1\nseed: 1.0", "1.0", "received 1.0"),
        ("version: 1", "version: 1\ntarget: -3", "-3", "expected `predicted`, `label` or an integer >= 0, received -3"),
        ("{source: digits}", "{source: digits, inputs: 0}", "0", "`inputs` of `dataset`: expected an integer >= 1"),
        ("smoothgrad]", "smoothgrad: {samples: 0}]", "0", "`samples` of method `smoothgrad`: expected an integer >= 1"),
        ("smoothgrad]", "smoothgrad: {samples: '5'}]", "'5'", 'received "5"'),
        (
            "smoothgrad]",
            "smoothgrad: {base: {integrated_gradients: {steps: none}}}]",
            "none",
            "`steps` of method `integrated_gradients`: expected an integer >= 1",
        ),
        ("{seeds: 3}", "{methods: []}", "[]", "expected a list with at least one entry"),
        ("[gradient, smoothgrad]", "gradient", "gradient", "`methods`: expected a list with at least one entry"),
        ("version: 1", "version: 1\nruntime: {device: gpu}", "gpu", "expected text such as auto, cpu or gpu:0"),
        ("version: 1", "version: 1\nreport: {formats: [html, docx]}", "docx", "expected `html` or `pdf`"),
    ],
)
def test_a_wrong_value_says_what_was_expected_and_received(
    tmp_path: Path, old: str, new: str, underlined: str, what: str
) -> None:
    fault = one(tmp_path, MINIMAL.replace(old, new))
    assert (fault.code, fault.underlined) == ("S023", underlined)
    assert what in fault.what


def test_messages_are_our_own(tmp_path: Path) -> None:
    text = "version: x\nmodel: 3\ndataset: []\nmethods: {}\nrequire: 1\ntarget: []\nmaps: 1\nwaivers: [1, {}]\n"
    message = str(rejected(tmp_path, text))
    for foreign in ("Input should", "pydantic", "https://", "Field required", "type=", "Extra inputs", "valid "):
        assert foreign not in message
