"""Pure functions on tensors and arrays: no modules, no state."""
