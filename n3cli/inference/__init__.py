"""Arrays and pictures in and out: devices, tiling, streaming, and the tasks on top of them."""
