"""The plan of the house: every room of ``audit/`` from the ground up, and what its modules may import.

A module stands under the row whose name is the longest part of its own; a room without rows below it holds all of its
modules. A room knows rooms that stand above its row only, so nothing runs up and nothing runs in a circle.
"""

from dataclasses import dataclass

from tests.modules import PACKAGE, within

FRAMEWORKS = ("tensorflow", "jax", "jaxlib", "keras", "tf_explain", "tf_keras_vis")


@dataclass(frozen=True)
class Room:
    """What the modules of some places may import; those of one room may always import one another.

    ``knows`` are rooms, also where only the type checker looks or inside a function: a contract is knowledge too.
    ``libraries`` are packages outside the standard library, ``late`` those that are imported inside functions only.
    ``loads`` says that importing such a module may load a framework; every other room can be imported without one.
    """

    places: str
    knows: str = ""
    libraries: str = ""
    late: str = ""
    loads: bool = False


ROOMS = (
    # Small things that all rooms use. The first three need the standard library alone.
    Room("errors"),
    Room("resources", "errors"),
    Room("record"),
    Room("contracts", "errors record", "pydantic"),
    Room("plugins", "errors record"),
    Room("registry", "contracts errors plugins"),
    Room("declare", "errors registry", "pydantic"),
    Room("recipe", "declare errors", "pydantic"),
    Room("maps", "errors record", "jaxtyping numpy"),
    Room("statistics", "errors record", "jaxtyping numpy", "scipy"),
    Room("looks", "record statistics"),
    Room("performance", "record statistics", "jaxtyping numpy", "scipy"),
    Room("store", "errors record", "numpy pydantic"),
    # The seam to the frameworks: each is named in one file.
    Room("backend.tensorflow", "errors", "tensorflow", loads=True),
    Room("backend.jax", "errors", "numpy jax", loads=True),
    Room("backend", "backend.jax backend.tensorflow errors", "jaxtyping numpy", "keras"),
    # The model as a pure function of its parameters.
    Room("network", "backend errors recipe record", "numpy keras", "h5py scipy", loads=True),
    # The families: a protocol, helpers that know no member, and the members that a spec names.
    Room("similarities.similarity", "errors maps", "jaxtyping numpy pydantic"),
    Room("similarities", "declare errors maps record similarities.similarity", "jaxtyping numpy pydantic", "skimage"),
    Room("datasets.dataset", "errors record", "jaxtyping numpy"),
    Room("datasets.preprocess", "declare errors", "numpy pydantic", "keras"),
    Room("datasets.shared", "datasets.dataset errors", "numpy", "pandas pyarrow sklearn"),
    Room("datasets", "datasets.dataset datasets.shared declare errors", "numpy pydantic", "pandas"),
    Room("methods.method", "declare network record", "numpy"),
    Room("methods.fitted", "errors methods.method network"),
    Room("methods.shared", "backend errors methods.method network record", "jaxtyping numpy pydantic", "keras skimage"),
    Room("methods.backward", "backend errors methods.fitted network record", "numpy", "keras"),
    Room("methods.perturbation", "backend errors methods.shared network record", "numpy", "keras scipy"),
    Room(
        "methods",
        "backend declare errors methods.backward methods.fitted methods.method methods.perturbation methods.shared "
        "network record",
        "numpy pydantic",
        "keras scipy skimage sklearn tf_explain tf_keras_vis",
    ),
    Room("checks.check", "declare record", "jaxtyping numpy"),
    Room(
        "checks.shared",
        "checks.check declare errors maps record similarities.similarity statistics",
        "jaxtyping numpy pydantic",
        "scipy",
    ),
    Room("checks", "checks.check checks.shared declare errors maps record", "numpy pydantic"),
    # The story, in the order in which it happens.
    Room(
        "spec",
        "checks.check datasets.dataset datasets.preprocess declare errors methods.method recipe record registry "
        "resources",
        "pydantic",
        "ruamel",
    ),
    Room("planning", "declare errors record spec"),
    Room(
        "engine",
        "backend datasets.dataset declare errors maps methods.fitted methods.method network recipe record",
        "jaxtyping numpy",
        "scipy",
        loads=True,
    ),
    Room("judging", "checks.check errors record statistics", "numpy"),
    Room(
        "report",
        "errors judging record resources similarities spec store",
        "jinja2 markupsafe numpy",
        "PIL matplotlib weasyprint",
    ),
    # Loads and measures; then judges and renders what is stored, without a framework; then the loop around both.
    Room(
        "running.world running.observations running.fingerprint running.inputs running.code running.packages "
        "running.source_files running.columns running.feed running.other_feeds running.untrained",
        "backend datasets.dataset datasets.preprocess datasets.shared declare engine errors methods.method network "
        "performance recipe record registry resources spec statistics",
        "numpy",
        "keras",
        loads=True,
    ),
    Room(
        "running.finish running.log running.history",
        "checks.check declare errors judging planning record report spec store",
        "numpy",
    ),
    Room(
        "running",
        "checks.check engine errors judging planning record report running.finish running.world spec store",
    ),
    Room(
        "cli",
        "checks.check errors judging planning record registry report resources running running.finish spec store",
        "click",
        "keras rich weasyprint",
    ),
    Room(f"{PACKAGE} __main__", "cli record report running running.finish spec"),
)


def room_of(module: str) -> Room | None:
    """Return the row that a module stands under: the one with the longest fitting name."""
    fitting = [(len(place), room) for room in ROOMS for place in places_of(room) if within(module, place)]
    found = max(fitting, key=lambda each: each[0], default=None)
    return found[1] if found and (found[0] > len(PACKAGE) or module == PACKAGE) else None


def places_of(room: Room) -> tuple[str, ...]:
    """Return the dotted names of a row's places; the package's own file is a place too."""
    return tuple(each if each == PACKAGE else f"{PACKAGE}.{each}" for each in room.places.split())


def known_by(room: Room) -> tuple[Room, ...]:
    """Return the rows of the rooms that a room knows."""
    found = (room_of(f"{PACKAGE}.{each}") for each in room.knows.split())
    return tuple(each for each in found if each is not None)
