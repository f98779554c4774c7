"""From a judged audit to the files that people and machines read: ``page``, ``figures`` and ``formats``."""
