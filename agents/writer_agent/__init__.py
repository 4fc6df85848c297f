"""The writer: short texts from templates and a language model."""
