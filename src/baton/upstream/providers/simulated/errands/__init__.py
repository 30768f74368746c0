"""What the simulated provider does beside chat: one file a service, all in OpenAI's shapes."""
