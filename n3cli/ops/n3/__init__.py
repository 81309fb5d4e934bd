"""The core of the N3 block: which candidates a query has, what it selects, what is summed."""
