"""How dates, times and numbers are written: one way, everywhere."""
