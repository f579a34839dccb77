"""From decisions to a plan: what is done, what is withheld, and why."""
