"""The audited model as a pure function of its parameters.

``loading`` makes one from a Keras model, ``variants`` makes others with known answers, ``training`` retrains.
"""
