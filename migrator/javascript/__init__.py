"""JavaScript and TypeScript: what scripts import from a package that is left, and the edits that move them."""
