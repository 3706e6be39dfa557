"""Measures what the product promises, as ratios of two sides in one run on one machine. Kept out: tests, and the product."""
