"""The versions of a policy in git: who wrote, who signed, and what each meant."""
