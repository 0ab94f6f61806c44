"""The Python, the packages and the environment variables that every command runs with; standard library only."""
