"""Numbered; never edited once landed."""
