"""What mulegraph is worth: quality on ledgers nobody looked at, and speed beside peers and limits."""
