"""One file per question: its settings, its run, its claims."""
