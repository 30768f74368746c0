"""What the semantic cache judges by: trained, and measured."""
