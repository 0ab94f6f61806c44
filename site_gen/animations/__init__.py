"""One file for each animation; its name is <study>__<view>.py."""
