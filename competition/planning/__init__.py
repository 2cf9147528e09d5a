"""What a run will take, before it is started: the project's own stages are run on small parts of the competition, and
what they took is carried on in a straight line to all of it. Votes read no image: they are tried on predictions drawn
for all of them.
"""
