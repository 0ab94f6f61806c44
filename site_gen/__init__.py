"""From results to a website: the theme, figures, animations, pages and the tasks that build them."""
