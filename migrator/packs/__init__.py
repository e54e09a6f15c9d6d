"""Rule packs: read, checked, composed, chosen, tested and documented."""
