"""Calls that are no chat: embeddings, images, transcriptions, moderations, passed on in OpenAI's dialect."""
