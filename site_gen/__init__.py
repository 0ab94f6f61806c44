"""From results to a website: theme, figures, animations, pages, and the tasks that build them."""
