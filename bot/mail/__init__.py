"""E-mails to the contacts and to the operator."""
