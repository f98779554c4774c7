"""Attribution methods, one per file, named as their papers name them.

What they share stands in ``backward`` (walks with rules), ``perturbation`` (changed inputs) and ``shared``.
"""
