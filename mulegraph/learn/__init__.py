"""What a bank's own decisions teach: labels, what is known of each account, and a model that scores are made with."""
