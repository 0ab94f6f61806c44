"""Bundled data and generators. `README.md` beside this file names sources, licences and hashes."""
