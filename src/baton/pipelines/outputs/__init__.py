"""What pipelines and agents have written for projects, and what people made of it."""
