"""The LLM proxy: forwards model calls byte for byte, and publishes one call record for each."""
