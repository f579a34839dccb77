"""Policies proved for every account that can exist, or shown a customer for whom they do not hold."""
