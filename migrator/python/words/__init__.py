"""Old names outside code: texts, comments, `__all__`, keys of settings and variables."""
