"""The command line of duly: one thin command a verb."""
