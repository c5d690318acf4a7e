"""A query becomes a result: candidates, scores, features, decision."""
