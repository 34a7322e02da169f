"""Files to checked rows: readers, mappings, rules, rejects."""
