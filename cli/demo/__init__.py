"""What the demo needs and a real system brings itself: a model server without key and internet."""
