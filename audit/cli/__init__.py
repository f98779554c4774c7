"""The command line: commands, the console, how the process ends, and what the machine offers."""
