"""One file for each figure; its name is <study>__<view>.py."""
