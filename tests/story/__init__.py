"""The story of a quarter, run again."""
