"""The command line: one file a command, each a thin translation from options to one call and one rendering."""
