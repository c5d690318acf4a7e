"""A question becomes an outcome: candidates, scores, features, decision."""
