"""A small county in which anything may happen."""
