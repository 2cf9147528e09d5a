"""Upright pages: where a page lies in a picture, the picture warped back to it, and which way up it is."""
