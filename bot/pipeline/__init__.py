"""Updates in, one transaction each, calls out: nothing is lost, sent twice or out of order."""
