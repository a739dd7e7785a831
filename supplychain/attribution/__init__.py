"""Causes that add up: a loss, or the difference of two, shared out to what brought it about."""
