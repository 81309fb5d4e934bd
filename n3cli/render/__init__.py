"""Pictures for people, made of arrays."""
