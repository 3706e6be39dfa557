"""Thousands of attempts at once against a deployment, and whether everything held: what `bookroom stress` is made of."""
