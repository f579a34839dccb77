"""The tests: what duly promises, as tables, recorded sessions and laws."""
