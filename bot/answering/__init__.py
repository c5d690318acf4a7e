"""From a message to its questions, and from these to their answers."""
