"""What a model says of an output: asked so that the output has no say, and read so that nothing slips by."""
