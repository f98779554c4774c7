"""What an audit asks for: a YAML file, read, validated and described."""
