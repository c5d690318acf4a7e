"""Between requester and adviser, from the request to its end."""
