"""Mosaics of sensors, denoised: by networks of their own or by those for grey pictures."""
