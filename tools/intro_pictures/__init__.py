"""Sources of the introduction's pictures, and the script that draws them."""
