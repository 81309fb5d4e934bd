"""Two pictures matched: which correspondences are right, and the geometry of the views."""
