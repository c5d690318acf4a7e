"""The request for advice: its form and what is shown before it is sent."""
