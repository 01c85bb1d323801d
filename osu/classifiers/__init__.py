"""Classifiers that tell generated plays from people's, as strong as the data allow."""
