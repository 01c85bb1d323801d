"""One person's plays -> what is typical of them, and a model of that person."""
