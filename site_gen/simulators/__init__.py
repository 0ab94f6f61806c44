"""The simulators: one declaration and one script each."""
