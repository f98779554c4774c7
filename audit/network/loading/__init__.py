"""From a Keras model to a network: loaded safely, its operations recorded in canonical form."""
