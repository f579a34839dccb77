"""What is known of a policy before it is used: what it proves to."""
