"""What investigators do with a case: holds, requests, replies, lists, facts."""
