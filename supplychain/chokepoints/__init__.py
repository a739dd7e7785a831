"""What hurts most: every restriction, plant and link taken away, and who could do it to whom."""
