"""The observed: BaseAgent and the working agents."""
