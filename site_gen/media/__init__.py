"""Figures and animations as files: which exist, and their bytes."""
