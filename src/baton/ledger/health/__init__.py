"""What attempts were like, by provider, model and hour: sums that outlive their process."""
