"""What a run will take, before it is started: the project's own stages are run on two small parts of the competition, and
what they took is carried on in a straight line to all of it. Nothing is known of a stage beforehand but what its work grows with.
"""
