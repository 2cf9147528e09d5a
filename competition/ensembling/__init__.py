"""Members' predictions combined in several ways, each scored on folds that it wasn't fitted on, and one of them
chosen.
"""
