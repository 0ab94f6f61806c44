"""The pipeline: units of work, when they are stale, and how they are shared out."""
