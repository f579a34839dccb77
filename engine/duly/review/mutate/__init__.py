"""Policies changed by one small mistake each, and the cases that notice."""
