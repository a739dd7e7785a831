"""Indices of the network itself, without a simulation: concentration, cuts, hidden dependence."""
