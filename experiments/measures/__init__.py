"""Instruments pointed at a network, and statistics with intervals."""
