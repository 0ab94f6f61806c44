"""What is measured: the engine, data, instruments, and one file for each question."""
