"""Clients of an SDK that is left: how they are made, what they are given, what is asked of them."""
