"""What Python code says, without changing it: trees, scopes, facts of modules, the index over them."""
