"""What is published: collections of files, one record each."""
