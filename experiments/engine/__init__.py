"""Networks in pure NumPy that train many independent runs at once."""
