"""Tests of the built site in a real Chromium, and of the simulators in Firefox."""
