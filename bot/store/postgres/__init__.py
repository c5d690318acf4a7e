"""The store for several processes or tenants: PostgreSQL."""
