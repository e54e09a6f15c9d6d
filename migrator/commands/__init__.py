"""The commands beside `migrate` itself, and what they share: options, progress."""
