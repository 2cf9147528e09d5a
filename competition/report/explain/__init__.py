"""What trained networks look at, and how near each other they see images: for the report, which itself knows no
network.
"""
