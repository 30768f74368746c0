"""How a text is written: asked of a model, looked at, made better once, kept."""
