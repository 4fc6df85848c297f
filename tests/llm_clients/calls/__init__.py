"""What runs inside the clients' environments: it may import nothing but them and the standard library."""
