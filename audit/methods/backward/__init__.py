"""The backward walk with rules, which the relevance methods share."""
