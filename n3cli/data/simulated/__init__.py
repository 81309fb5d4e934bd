"""What never was: scenes, shots, and what lenses, sensors and files leave of pictures."""
