"""Files ↔ pixels and metadata: row strips in and out, naming, atomic writes."""
