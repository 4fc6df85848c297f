"""Real clients of the LLM proxy, from environments of their own: not a byte may differ from a direct call."""
