"""Writing a plan to disk, all of it or nothing, and taking it back."""
