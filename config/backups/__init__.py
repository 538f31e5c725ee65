"""Backups: the database and the uploads in one archive, and back again."""
