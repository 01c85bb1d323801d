"""The tab that makes a model of oneself."""
