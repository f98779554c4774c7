"""Words with a fixed meaning that specs, conditions, checks and verdicts share: each stands here once."""

from typing import Literal, get_args

Channels = Literal["sum", "absolute_sum", "absolute_max"]
"""How the channels of a map become one: the signed sum, the sum of absolute values, the largest absolute value."""

Compared = Literal[Channels, "keep"]
"""How maps are compared: with their channels joined, or channel by channel."""

Sign = Literal["absolute", "signed"]
"""Whether magnitudes are compared, or signed values."""

Relation = Literal["at_most", "at_least"]
"""On which side of its threshold a statistic must lie."""

Mode = Literal["cascading", "independent"]
"""Whether all stages up to one are re-drawn, or one stage alone."""

Order = Literal["top_down", "bottom_up"]
"""From which end of the network stages are counted."""

Features = Literal["pixel", "scalar"]
"""What is removed as one: a pixel with all its channels, or a single number."""

Part = Literal["top", "bottom"]
"""Which end of a ranking is removed."""

PlainFill = Literal["channel_mean", "zero", "blur"]
"""What replaces a removed feature, without noise."""

Fill = Literal[PlainFill, "noisy_linear"]
"""What replaces a removed feature."""

Claim = Literal["completeness", "sensitivity_a", "sensitivity_b", "linearity", "symmetry"]
"""An axiom that a method may claim to keep, by the name of the check that tests it."""

CLAIMS: frozenset[Claim] = frozenset(get_args(Claim))
"""What a method claims that says nothing of it: everything."""

RequiredOf = Literal["claiming", "all"]
"""Of which methods a requirement asks an axiom: of those that claim it, or of all."""

Undecided = Literal[
    "interval",
    "head-room",
    "constant-maps",
    "maps-not-finite",
    "undefined-inputs",
    "too-few-inputs",
    "too-few-seeds",
    "sign-removed",
    "nothing-changed",
    "logits-in-place",
    "null-too-high",
    "dead-network",
    "masked-unsaid",
    "no-parameters",
    "not-applicable",
    "not-claimed",
    "not-equal",
    "rounding",
    "not-invariant",
    "not-memorised",
    "not-at-chance",
    "not-learned",
    "other-accuracy",
    "no-labels",
    "not-used",
    "by-chance",
    "falling-entropy",
    "other-perturbation",
    "control",
    "no-control",
    "invalid",
    "other",
]
"""Why nothing is decided or measured, one code for each kind of reason; ``docs/formats.md`` says what each means.
``other`` is the reason of a plug-in that gives no code."""

TestedNetwork = Literal["retrained", "intact", "mask"]
"""Trained on modified inputs, on intact ones, or on the masks alone."""
