"""From candidates to the changes and sites of a plan."""
