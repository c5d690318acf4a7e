"""E-mails to the contacts and to the operator, and the contacts' answers."""
