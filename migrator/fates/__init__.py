"""What becomes of what the packs speak of: names, libraries, ids of models, addresses."""
