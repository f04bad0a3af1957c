"""Errors that a person can mend."""


class InputProblem(Exception):
    """What was given is wrong or not enough. `what_to_do` says how to mend it, in one sentence."""

    def __init__(self, message: str, what_to_do: str):
        super().__init__(message)
        self.what_to_do = what_to_do
