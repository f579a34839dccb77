"""Two policies held against each other: what changed, what that means, and whom it touches."""
