"""A competition's files: tables, images, submissions, the packed image store."""
