"""A library that is left: its functions go to the client module, its names to their counterparts, or are said."""
