"""For developers only: nothing that is installed imports or reads this."""
