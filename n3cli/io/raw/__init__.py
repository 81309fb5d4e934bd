"""Camera raw files in, DNG out, and what they say of their sensor."""
