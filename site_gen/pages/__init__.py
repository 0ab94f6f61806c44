"""Prose and measurements → plain Markdown: what pages refer to, tags, and the gate for faults."""
