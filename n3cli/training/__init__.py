"""Training of networks: data, task, optimiser, loop, and the model folder that comes out."""
