"""What a run leaves on disk, how it is published, and how it is read again."""
