"""Mosaics of sensors: their filters, what networks take of them, and colours made of them."""
