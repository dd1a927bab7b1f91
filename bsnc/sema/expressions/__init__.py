"""Expressions of a spec and what they evaluate to."""
