"""Thirty methods look different."""

from audit.report.figures import style


def test_thirty_methods_look_different() -> None:
    found = [style.look(index) for index in range(30)]
    assert len({(each["color"], each["marker"], str(each["linestyle"])) for each in found}) == 30
