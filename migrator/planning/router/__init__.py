"""What a project gets that chose models by virtual keys: a router, clients of its providers, and their tests."""
