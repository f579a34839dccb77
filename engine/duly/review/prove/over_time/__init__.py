"""Promises of every run of days: an account walked day by day, with the worst happening that is not ruled out."""
