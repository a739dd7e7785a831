"""Where a result rests: which figures move it, what to measure next, what would give a loss."""
