"""Policy cases: what a policy is expected to do for a customer or a short ledger, and whether it does."""
