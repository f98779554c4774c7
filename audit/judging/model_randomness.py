"""Why a model's own randomness makes an audit invalid: its answer must depend on its parameters and the input alone."""

from collections.abc import Sequence

from audit.record import Invalidity, Randomness

_DRAWS = (
    "Build the model without `training=True` in these layers, or let answers and maps be means over draws: "
    "`model: {stochastic: allowed}`."
)
_CALLS = (
    "Make the answer a function of the input: `stateful=False`, no counters, and random numbers only from a "
    "`keras.random.SeedGenerator` that its layer holds. Means over draws do not help here."
)
_BATCH = (
    "Build the model without `training=True` in batch normalisations, so that they use their moving statistics, and "
    "without operations across a batch. Means over draws do not help here."
)


def own_randomness(measured: Randomness) -> tuple[Invalidity, ...]:
    """Return what the model's answer depends on and must not, each with the layers and what to do."""
    found: list[Invalidity] = []
    if measured.random and not measured.averaged:
        found.append(_reason("randomness", _draws(measured), _DRAWS))
    if measured.changes:
        found.append(_reason("state", _calls(measured), _CALLS))
    if measured.mixes:
        found.append(_reason("batch", _batch(measured), _BATCH))
    return tuple(found)


def _reason(kind: str, sentence: str, fix: str) -> Invalidity:
    return Invalidity(kind=kind, sentence=sentence, fix=fix)


def _draws(measured: Randomness) -> str:
    return (
        "The model draws random numbers when it answers: logits of the same inputs differ by "
        f"{_share(measured.draws)} from draw to draw ({_layers(measured.drawing)})."
    )


def _calls(measured: Randomness) -> str:
    return (
        "The model's answer changes from call to call: logits of the same inputs differ by "
        f"{_share(measured.calls)} ({_layers(measured.changing)})."
    )


def _batch(measured: Randomness) -> str:
    return (
        "The model's answer to an input depends on the batch it comes in: its logits differ by "
        f"{_share(max(measured.company, measured.alone))} ({_layers(measured.mixing)})."
    )


def _share(difference: float) -> str:
    return f"up to {difference:.2g} of the largest logit"


def _layers(names: Sequence[str]) -> str:
    if not names:
        return "no layer could be named"
    return f"layer{'s' if len(names) > 1 else ''} {', '.join(f'`{name}`' for name in names)}"
