"""What follows from a finding, in words that its reader can act on: by check where it fails, by outcome otherwise."""

from collections.abc import Mapping

from audit.record import Verdict

_INSENSITIVE = (
    "Its maps show the input more than the model. Do not offer them as reasons for a prediction; take a method that "
    "passes, or judge another setting of this one."
)
_REMOVAL = (
    "What it ranks first matters to the model no more than the declared margin over chance. Do not use it to say which "
    "features a prediction needs; look at the curves, and at more fractions, before taking another method."
)
_AXIOM = (
    "It breaks a rule that its reader may rely on, on a network where the right answer is known. Say so wherever its "
    "values are read as amounts, or take a method that keeps the rule."
)
_UNSTEADY = (
    "Two runs of the same question give different maps. Raise its number of samples, or show the spread beside the map."
)

_FAILED: Mapping[str, str] = {
    "cascading_randomization": _INSENSITIVE,
    "independent_randomization": "Single layers can be lost without its maps changing. Do not use it to ask what those "
    "layers contribute; the curve says which they are.",
    "smooth_mprt": _INSENSITIVE,
    "efficient_mprt": _INSENSITIVE,
    "label_permutation": "Its maps are alike for a model that learned the task and one that learned noise. Do not use "
    "it to say what the model has learned of the data.",
    "class_sensitivity": "Its maps hardly depend on the explained class. Do not show them as reasons for one class and "
    "against another.",
    "repeatability": _UNSTEADY,
    "reproducibility": "Another training of the same model gives other maps. Do not read them as facts about the data; "
    "explain several trainings, and show what they share.",
    "input_stability": "Small changes of an input, which keep the prediction, change its map. Average over such "
    "changes, or say beside each map that it holds for that input alone.",
    "adversarial_fragility": "A change too small to see moves its map. Do not rely on it where somebody gains by "
    "misleading the reader.",
    "equivariance": "Its map does not move with the input although the model's answer stays. Do not read positions off "
    "it finely.",
    "input_shift": "A change that the model cannot notice changes its maps. Fix its reference value (a baseline, say) "
    "to the data, or take a method without one.",
    "implementation_invariance": "Two networks that compute the same get different maps. Name the exact network beside "
    "each map, and do not compare maps between implementations.",
    "precision": "Rounding changes its maps. Compute explanations in the higher precision.",
    "batch_invariance": "An input's map depends on what else is in its batch. Explain inputs one by one, and look for "
    "a layer that mixes the batch.",
    "roar": _REMOVAL,
    "road": _REMOVAL,
    "diff_roar": _REMOVAL,
    "infidelity": "Its values do not foretell how the output changes when the input does. Do not read them as amounts.",
    "completeness": _AXIOM,
    "sensitivity_a": _AXIOM,
    "sensitivity_b": _AXIOM,
    "linearity": _AXIOM,
    "symmetry": _AXIOM,
    "two_object_task": "It marks an object whether or not the task needs it. Do not use it to say which of several "
    "objects a prediction rests on.",
    "planted_shortcut": "It misses a shortcut that the model is known to take. Do not use it to look for shortcuts.",
}

_OTHERWISE: Mapping[str, str] = {
    "fail": "Do not explain this model with it where the requirement matters, or take another method.",
    "inconclusive": "Nothing was shown either way, so nothing may rest on it. The finding says what keeps it open; "
    "more inputs or seeds narrow an interval.",
    "error": "Mend the cause and run again: what is measured already is kept.",
    "void": "First fix what makes the audit invalid: see the section Validity of the audit.",
    "skipped": "Nothing, unless the intended use needs this requirement: then take a method that it applies to.",
}


def follows(verdict: Verdict, kind: str) -> str:
    """Return what follows from a verdict that counts as ``kind`` and is not a pass."""
    return _FAILED.get(verdict.check, _OTHERWISE["fail"]) if kind == "fail" else _OTHERWISE[kind]


def severity(verdict: Verdict) -> str:
    """Return how much a finding weighs, in a word or two."""
    if verdict.waived is not None:
        return "⚑ waived"
    if verdict.outcome == "skipped":
        return "no finding"
    return "▲ warning only" if verdict.severity == "warning" else "gates"
