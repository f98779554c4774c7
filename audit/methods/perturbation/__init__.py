"""What the methods that change inputs and ask the network share."""
