"""A whole Discord and a whole Plex on one machine, for the demo, the tests and the benchmark."""
