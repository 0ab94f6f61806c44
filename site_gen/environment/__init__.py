"""The Python, packages and environment variables of every command; standard library only."""
