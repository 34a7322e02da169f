"""What people did, as a hash chain, and the state of cases that follows from it."""
