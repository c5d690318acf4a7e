"""The relay between requester and adviser: requests from their sending to their end."""
