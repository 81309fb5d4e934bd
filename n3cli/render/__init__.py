"""Pictures and pages for people, made from arrays and figures."""
