"""Files as other programs write them: separated text, workbooks and JSON, read to plain values."""
