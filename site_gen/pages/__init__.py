"""Prose and measurements → plain Markdown: what pages may refer to, what tags print, and the gate that stops the build."""
