"""The Kubernetes collector on ten thousand pods of a real API server, beside the official client."""
