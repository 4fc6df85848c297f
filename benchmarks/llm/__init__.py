"""The LLM proxy beside LiteLLM's proxy, nginx, and a bare pass-through on our own libraries."""
