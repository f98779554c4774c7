"""What methods of several kinds share."""
