"""The request for advice: its form, and the summary shown before it is sent."""
