"""Quality and speed, measured: suites, peers, published figures, reports."""
