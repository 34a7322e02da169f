"""Something to look at or to send: tables, networks that open offline, reports."""
