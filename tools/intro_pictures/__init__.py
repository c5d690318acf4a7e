"""The sources of the pictures, and what draws them."""
