"""Files as they come: an inbox whose files are loaded whole, and what is new after each, told once."""
