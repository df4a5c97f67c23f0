"""What pretraining and its parts are worth. A folder is an experiment, the modules beside the folders are shared.

An experiment imports shared modules and its own, never another experiment: `settings` says how much is done and where
it lies, `run` does it, `report` makes a page of what was found.
"""
