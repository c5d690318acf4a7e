"""The store of several processes or tenants: PostgreSQL."""
