"""Tests of the export with torch."""
