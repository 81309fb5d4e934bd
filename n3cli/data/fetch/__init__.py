"""How collections get there: downloaded, unpacked, checked, moved to their place."""
