"""E-mails to the contact and to the operator."""
