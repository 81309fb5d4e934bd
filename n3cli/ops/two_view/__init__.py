"""Two views of a scene: keypoints, correspondences, cameras and poses."""
